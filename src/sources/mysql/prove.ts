import { SuretyError } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import { compareFingerprints } from '../compare-fingerprints.ts';
import type { Fingerprint, ObjectFingerprint, SourceFacts, WriteReport } from '../source.ts';
import type { Server } from './client.ts';
import { mysqlFacts, type StoredDatabase } from './facts.ts';
import { fingerprintDatabase, LEVELS } from './fingerprint.ts';
import { openSession, type Tools } from './tools.ts';

type Check = WriteReport['checks'][number];

/** What was recorded of one database. */
export interface Recorded {
  readonly stored: StoredDatabase | undefined;
  /** Names without the database. */
  readonly fingerprint: Fingerprint | undefined;
  readonly exact: boolean;
  /** Of the server it was in. */
  readonly version: string | undefined;
}

export function recordedOf(facts: SourceFacts | undefined, database: string): Recorded {
  const known = mysqlFacts(facts);
  const prefix = (known?.databases.length ?? 1) > 1 ? `${database}/` : '';
  const own = <Named extends { readonly name: string }>(all: readonly Named[]): Named[] =>
    all.flatMap((one) => (one.name.startsWith(prefix) ? [{ ...one, name: one.name.slice(prefix.length) }] : []));
  const all = facts?.fingerprint;
  const objects = own((all?.objects ?? []).filter(({ kind }) => kind !== 'user'));
  return {
    stored: known?.databases.find(({ name }) => name === database),
    fingerprint: all === undefined ? undefined : { algorithm: all.algorithm, tables: own(all.tables), objects },
    exact: known?.exact ?? false,
    version: facts?.versions.mariadb ?? facts?.versions.mysql,
  };
}

export interface ProveHow {
  readonly server: Server;
  readonly tools: Tools;
  readonly signal: AbortSignal;
  /** The restored one. */
  readonly database: string;
  /** Its name when it was backed up, for people. */
  readonly original: string;
  readonly recorded: Recorded;
  /** Only these tables were restored; undefined: all. */
  readonly tables?: readonly string[] | undefined;
}

/** Compares rows and checksums of all tables. Throws `target.failed` where they differ, unless the record may itself be a little off. */
export async function proveTables(how: ProveHow): Promise<Check[]> {
  const { recorded, original, tables } = how;
  const what = `fingerprint of ${displayName(original)}`;
  if (recorded.fingerprint === undefined) return [{ what, ok: true, detail: 'none was recorded' }];
  const { algorithm } = recorded.fingerprint;
  if (LEVELS[algorithm] === undefined) {
    return [{ what, ok: true, detail: `recorded as ${algorithm}, which this version does not know` }];
  }
  const found = await takeFingerprint(how, LEVELS[algorithm]);
  const beside = new Set(recorded.stored?.beside ?? []);
  const without = (fingerprint: Fingerprint): Fingerprint => ({
    algorithm,
    tables: fingerprint.tables.filter(({ name }) => !beside.has(name) && (tables?.includes(name) ?? true)),
  });
  const comparison = compareFingerprints(without(recorded.fingerprint), without(found));
  if (comparison.equal) return [{ what, ok: true, detail: comparison.detail }];
  const detail = `${comparison.detail}; it was taken beside the dump, so this may be what was written meanwhile`;
  if (!recorded.exact) return [{ what, ok: true, detail }];
  throw new SuretyError(
    'target.failed',
    `restored database ${displayName(original)} differs from what was recorded: ${comparison.detail}`,
    {
      hint: 'what was there before is untouched; restore another snapshot',
      details: { database: original },
    },
  );
}

/** Compares which views, routines, triggers (and events) there are, and what they say where the server is of the same version. */
export async function proveCode(how: ProveHow, kinds: readonly ObjectFingerprint['kind'][]): Promise<void> {
  const { recorded, tools, original, tables } = how;
  if (recorded.fingerprint?.objects === undefined || tables !== undefined) return;
  const found = (await takeFingerprint(how, 'counts')).objects ?? [];
  const sameVersion = recorded.version !== undefined && series(recorded.version) === series(tools.version.text);
  const differences: string[] = [];
  for (const { kind, name, value } of recorded.fingerprint.objects.filter((object) => kinds.includes(object.kind))) {
    const there = found.find((object) => object.kind === kind && object.name === name);
    if (there === undefined) differences.push(`${kind} ${name} is missing`);
    else if (sameVersion && there.value !== value) differences.push(`${kind} ${name} says something else`);
  }
  if (differences.length === 0 || !recorded.exact) return;
  throw new SuretyError(
    'target.failed',
    `restored database ${displayName(original)} differs from what was recorded: ${differences.slice(0, 5).join('; ')}`,
    {
      hint: 'check the rights of the user that restores; what was there before is untouched',
      details: { database: original },
    },
  );
}

function series(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}

async function takeFingerprint(how: ProveHow, level: 'full' | 'counts'): Promise<Fingerprint> {
  const { server, tools, signal, database, original, tables } = how;
  const doing = `${server.source}: check of database ${displayName(original)}`;
  await using session = openSession(server, tools, { signal, doing, lockTimeoutMs: server.options.lock_timeout });
  return await fingerprintDatabase(session, database, {
    level,
    prefix: '',
    ...(tables === undefined ? {} : { includes: (table: string) => tables.includes(table) }),
  });
}
