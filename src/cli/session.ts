/** What most commands begin with: the configuration, and listeners for what an operation tells. */
import { messageOf, type SuretyError } from '../base/errors.ts';
import { newRecoveryPointId } from '../base/ids.ts';
import type { Platform } from '../daemon/compose.ts';
import { type Listen, listenAll, type OperationHow, type Verb } from '../operations/events.ts';
import { type Recorder, recordInto } from '../operations/record.ts';
import type { Call } from './call.ts';
import { exitCodeOfOutcome } from './exit-codes.ts';
import { printable } from './printable.ts';
import { type LimitOf, showProgress } from './progress.ts';
import { renderError } from './render/error.ts';
import { withUnsent } from './unsent.ts';

export interface Session {
  readonly platform: Platform;
  /** For operations: shows progress and, where it is asked for, writes the catalog. */
  readonly how: OperationHow;
  /** For operations that only look: shows progress and is not remembered. */
  readonly looking: OperationHow;
  /** Prints a sentence that a person should read but that stops nothing. */
  readonly warn: (message: string) => void;
  /** Tells people of a run that something kept from beginning. */
  readonly refused: (verb: Verb, job: string, error: SuretyError, about?: string) => void;
  /** Takes the progress display away until the next step begins: somebody is to be asked. */
  readonly pause: () => void;
}

export interface SessionOptions {
  /** Whether what happens goes into the catalog. */
  readonly record: boolean;
  /** Somebody only looks, and waits for it: a store that does not answer is told of within seconds. */
  readonly impatient?: boolean;
  /** Whether to say what is odd in the configuration: not on every command. */
  readonly configWarnings?: boolean;
  /** What is far away is asked before the rest is made ready: resolves when it is, whatever comes of it. */
  readonly ahead?: (platform: Platform, how: OperationHow) => Promise<void>;
}

/** Opens the configuration, writes into the audit log what is begun, does the work, tells people how it went and closes everything. */
export async function withSession<Result>(
  call: Call,
  { record, impatient = false, configWarnings, ahead }: SessionOptions,
  work: (session: Session) => Promise<Result>,
): Promise<Result> {
  const { globals, terminal, signal, clock } = call;
  let limitOf: LimitOf | undefined;
  const progress = showProgress(terminal, clock, (repository) => limitOf?.(repository));
  const warn = (message: string) => {
    if (!globals.quiet) progress.line(`warning: ${message}`);
  };
  const { compose } = await import('../daemon/compose.ts');
  await using platform = await compose({ configFile: globals.config, clock, warn, cache: globals.cache, impatient });
  limitOf = platform.limitOf;
  call.trail.begin(platform.auditLog);
  if (configWarnings === true) for (const line of platform.configWarnings) warn(line);
  const listeners: Listen[] = globals.progress && !globals.quiet ? [progress.listen] : [];
  const looking: OperationHow = { signal, clock, listen: listenAll(listeners, (error) => warn(messageOf(error))) };
  await ahead?.(platform, looking);
  const recorder = record ? await openRecorder(platform, warn) : undefined;
  const notices = record ? platform.notices(signal) : undefined;
  const all = [...listeners, call.trail.listen, ...[recorder, notices].flatMap((one) => one?.listen ?? [])];
  const how: OperationHow = { ...looking, listen: listenAll(all, (error) => warn(messageOf(error))) };
  try {
    const refused: Session['refused'] = (verb, job, error, about) => {
      const startedAt = clock.now();
      notices?.refused({ verb, job, id: newRecoveryPointId(startedAt), startedAt }, error, about);
    };
    const answer = await work({ platform, how, looking, warn, refused, pause: progress.stop });
    return withUnsent(answer, (await notices?.settled()) ?? []);
  } finally {
    progress.stop();
    await recorder?.settled();
    for (const error of (await notices?.settled()) ?? []) terminal.err(printable(renderError(error, globals)));
  }
}

async function openRecorder(platform: Platform, warn: (message: string) => void): Promise<Recorder | undefined> {
  const catalog = await platform.catalog();
  if (catalog === undefined) return undefined;
  const report = (error: unknown) => warn(`the history of this run is not complete: ${messageOf(error)}`);
  return recordInto(catalog, { exitCode: exitCodeOfOutcome, report });
}
