/** The lines of the audit log, put together again: one entry for each command. */
import type { AuditBegin, AuditEnd, AuditLine, AuditRemove } from './audit-log.ts';

export interface AuditEntry extends Omit<AuditBegin, 'type' | 'at' | 'format'> {
  readonly at: Date;
  /** `killed`: its process is gone and never said how it ended. `unknown`: it ran on another machine and has not ended. */
  readonly state: 'ended' | 'running' | 'killed' | 'unknown';
  readonly end:
    | (Pick<AuditEnd, 'exitCode' | 'error' | 'stepCount' | 'steps' | 'key'> & { readonly at: Date })
    | undefined;
  readonly removed: readonly Pick<AuditRemove, 'repository' | 'count' | 'ids'>[];
}

export interface AuditQuery {
  readonly since?: Date | undefined;
  /** Its first words: `keys` is also `keys add`. */
  readonly command?: string | undefined;
  /** This machine, and which of its processes are there. */
  readonly host: string;
  readonly isRunning: (processId: number) => boolean;
}

/** Newest first. What is no record is passed over: the check of the log tells about it. */
export function auditEntries(lines: Iterable<AuditLine>, query: AuditQuery): AuditEntry[] {
  const begun = new Map<string, Begun>();
  for (const { text } of lines) {
    const record = parse(text);
    if (record === undefined) continue;
    if (record.type === 'begin') {
      if (isWanted(record, query)) begun.set(record.entry, { begin: record, removed: [], end: undefined });
      continue;
    }
    const one = begun.get(record.entry);
    if (one === undefined) continue;
    if (record.type === 'remove') one.removed.push(record);
    else one.end = record;
  }
  return [...begun.values()].map((one) => entryOf(one, query)).reverse();
}

interface Begun {
  readonly begin: AuditBegin;
  readonly removed: AuditRemove[];
  end: AuditEnd | undefined;
}

function isWanted({ at, command }: AuditBegin, { since, command: wanted }: AuditQuery): boolean {
  if (since !== undefined && !(new Date(at) >= since)) return false;
  return wanted === undefined || command === wanted || command.startsWith(`${wanted} `);
}

function entryOf({ begin, removed, end }: Begun, query: AuditQuery): AuditEntry {
  const { type: _, format: __, at, ...head } = begin;
  return {
    ...head,
    at: new Date(at),
    state: end === undefined ? stateWithoutEnd(begin, query) : 'ended',
    end: end === undefined ? undefined : endOf(end),
    removed: removed.map(({ repository, count, ids }) => ({ repository, count, ids })),
  };
}

function endOf({ at, exitCode, error, stepCount, steps, key }: AuditEnd): NonNullable<AuditEntry['end']> {
  return { at: new Date(at), exitCode, error, stepCount, steps, ...(key === undefined ? {} : { key }) };
}

function stateWithoutEnd({ host, processId }: AuditBegin, query: AuditQuery): AuditEntry['state'] {
  if (host !== query.host) return 'unknown';
  return query.isRunning(processId) ? 'running' : 'killed';
}

function parse(text: string): AuditBegin | AuditRemove | AuditEnd | undefined {
  try {
    const record: unknown = JSON.parse(text);
    if (typeof record !== 'object' || record === null || !('type' in record) || !('entry' in record)) return undefined;
    const known = ['begin', 'remove', 'end'].includes(String(record.type));
    return known ? (record as AuditBegin | AuditRemove | AuditEnd) : undefined;
  } catch {
    return undefined;
  }
}
