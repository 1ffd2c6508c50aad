/** What every record of a step has: its times, its error, and what was found. */
import { messageOf, SuretyError } from '../../base/errors.ts';
import type { RecordedError } from '../../catalog/catalog.ts';
import type { VerifyReport } from '../../engines/engine.ts';
import type { OperationEvent } from '../events.ts';

export type StepFinished = Extract<OperationEvent, { type: 'step.finished' }>;

export function times(event: StepFinished): { readonly startedAt: Date; readonly endedAt: Date } {
  return { startedAt: new Date(event.at.getTime() - event.durationMs), endedAt: event.at };
}

export function recordedError(error: Error | undefined): RecordedError | undefined {
  if (error === undefined) return undefined;
  return { code: error instanceof SuretyError ? error.code : 'internal.unexpected', message: messageOf(error) };
}

/** What a verification found, in the words of the catalog. Undefined: it found out nothing. */
export function foundBy(report: VerifyReport | undefined) {
  return {
    snapshots: report?.snapshots ?? 0,
    readBytes: report?.readBytes ?? 0,
    problemCount: report?.problems.length ?? 0,
    problems: report?.problems.map(({ code, key, message }) => `${code} ${key}: ${message}`) ?? [],
  };
}
