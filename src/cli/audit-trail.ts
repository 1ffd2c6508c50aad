/** What one command leaves in the audit log: a line before it begins, one before it removes anything, and one when it has ended. */
import type { Command } from 'commander';
import type { Clock } from '../base/clock.ts';
import { hostName, programVersion, userBehind, userName } from '../base/environment.ts';
import { messageOf, SuretyError } from '../base/errors.ts';
import { newRecoveryPointId } from '../base/ids.ts';
import {
  type Asked,
  type AuditLog,
  type AuditRecord,
  type AuditStep,
  IDS_MAX,
  STEPS_MAX,
} from '../operations/audit/audit-log.ts';
import type { Listen, OperationEvent } from '../operations/events.ts';
import { type AuditPolicy, auditPolicyOf } from '../rules/audited.ts';

export interface AuditTrail {
  /** Writes the first line, once. Throws `audit.failed` where that fails and the command must not go on without. */
  begin(log: AuditLog): void;
  readonly listen: Listen;
  /** Writes the last line if there is a first one. Never throws. */
  end(ending: Ending): void;
}

export interface Ending {
  readonly exitCode: number;
  readonly error?: SuretyError | undefined;
  readonly document?: object | undefined;
}

interface TrailHow {
  readonly clock: Clock;
  /** Tells a person what could not be written, also one who asked for quiet. */
  readonly warn: (message: string) => void;
}

/** Of the command that was called, as commander parsed it. */
export function openTrail(command: Command, words: string, { clock, warn }: TrailHow): AuditTrail {
  const policy: AuditPolicy = command.opts().dryRun === true ? 'none' : auditPolicyOf(words);
  const entry = newRecoveryPointId(clock.now());
  const head = () => ({ format: 1 as const, entry, at: clock.now().toISOString() });
  const steps: AuditStep[] = [];
  let stepCount = 0;
  let log: AuditLog | undefined;
  const append = (record: AuditRecord) => {
    try {
      log?.append(record);
    } catch (error) {
      warn(messageOf(error));
    }
  };
  return {
    begin(opened) {
      if (policy === 'none' || log !== undefined) return;
      const who = { user: userName(), behind: userBehind(), host: hostName(), processId: process.pid };
      const version = programVersion();
      try {
        opened.append({ ...head(), type: 'begin', command: words, asked: askedOf(command), ...who, version });
        log = opened;
      } catch (error) {
        if (policy === 'stop') throw stopped(words, error);
        warn(`this run leaves no record: ${messageOf(error)}`);
      }
    },
    listen(event) {
      if (event.type === 'snapshots.forgetting') {
        const { ids, step } = event;
        const removed = { repository: step.repository, count: ids.length, ids: ids.slice(0, IDS_MAX) };
        append({ ...head(), type: 'remove', ...removed });
      } else if (event.type === 'step.finished') {
        stepCount += 1;
        if (steps.length < STEPS_MAX) steps.push(stepOf(event));
      }
    },
    end({ exitCode, error, document }) {
      const code = error?.code ?? '';
      append({ ...head(), type: 'end', exitCode, error: code, stepCount, steps, ...keyOf(document) });
    },
  };
}

function stopped(words: string, cause: unknown): SuretyError {
  const hint = cause instanceof SuretyError ? cause.hint : undefined;
  return new SuretyError('audit.failed', `${words} does nothing without a record of it: ${messageOf(cause)}`, {
    hint,
    cause,
  });
}

function stepOf({ step, result, outcome, error }: Extract<OperationEvent, { type: 'step.finished' }>): AuditStep {
  const snapshot = result !== undefined && 'snapshot' in result ? result.snapshot.id : step.snapshot;
  const code = error === undefined ? '' : error instanceof SuretyError ? error.code : 'internal.unexpected';
  const target = result?.verb === 'restore' ? { target: result.target } : {};
  return { repository: step.repository, source: step.source, snapshot, outcome, error: code, ...target };
}

/** Options whose values name something. Of any other the value may be nobody's business. */
const NAMING: ReadonlySet<string> = new Set([
  ...['repository', 'source', 'host', 'job', 'path', 'target', 'as', 'at', 'days', 'since', 'until', 'conflict'],
  ...['owner', 'table', 'schema', 'to', 'from', 'into'],
]);
const ARGUMENTS: ReadonlySet<string> = new Set(['id', 'job', 'source', 'repository', 'name', 'names', 'format']);

/** What was typed, by the names of arguments and options; defaults are not. */
function askedOf(command: Command): Asked {
  const asked: Record<string, Asked[string]> = {};
  for (const [at, argument] of command.registeredArguments.entries()) {
    const name = argument.name();
    const value: unknown = command.processedArgs[at];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    asked[name] = ARGUMENTS.has(name) ? named(value) : true;
  }
  for (const [name, value] of Object.entries(command.opts())) {
    if (command.getOptionValueSource(name) !== 'cli') continue;
    asked[name] = NAMING.has(name) || typeof value === 'boolean' ? named(value) : true;
  }
  return asked;
}

const TEXT_MAX = 200;
const LIST_MAX = 50;

function named(value: unknown): Asked[string] {
  if (typeof value === 'boolean' || typeof value === 'number') return value;
  if (Array.isArray(value)) return value.slice(0, LIST_MAX).map((one) => String(one).slice(0, TEXT_MAX));
  return typeof value === 'string' ? value.slice(0, TEXT_MAX) : true;
}

/** Commands about keys answer with the id of the one. */
function keyOf(document: object | undefined): { readonly key?: string } {
  return document !== undefined && 'key' in document && typeof document.key === 'string' ? { key: document.key } : {};
}
