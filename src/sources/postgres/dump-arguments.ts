import { CONNECTION, connectionArgs, hostArgs, programOf, type Server } from './server.ts';
import type { ServerFacts } from './server-facts.ts';

export interface DumpTarget {
  readonly database: string;
  /** Of a transaction that stays open: what the dump shows. */
  readonly snapshot: string;
  readonly facts: ServerFacts;
  /** The folder to write, with format directory. */
  readonly folder?: string;
}

/** pg_dump of one database. It is never compressed: repositories do that, and find what is unchanged only in plain bytes. */
export function dumpArguments(server: Server, { database, snapshot, facts, folder }: DumpTarget): string[] {
  const { options } = server;
  const each = (flag: string, values: readonly string[] | undefined) =>
    (values ?? []).map((value) => `${flag}=${value}`);
  return [
    programOf(server, 'pg_dump'),
    `--format=${options.format}`,
    ...(options.format === 'plain' ? [] : ['--compress=0']),
    `--snapshot=${snapshot}`,
    `--lock-wait-timeout=${options.lock_timeout}`,
    ...(folder === undefined ? [] : [`--file=${folder}`, `--jobs=${options.jobs ?? 1}`]),
    ...(options.clean ? ['--clean', '--if-exists'] : []),
    ...(options.no_owner ? ['--no-owner'] : []),
    ...(options.no_privileges ? ['--no-privileges'] : []),
    ...(options.large_objects === undefined ? [] : [options.large_objects ? '--blobs' : '--no-blobs']),
    ...each('--schema', options.schemas),
    ...each('--table', options.tables),
    ...((options.schemas ?? options.tables) === undefined ? [] : ['--strict-names']),
    ...each('--exclude-schema', options.exclude_schemas),
    ...each('--exclude-table', options.exclude_tables),
    // A standby has no rows of unlogged tables.
    ...(facts.recovering ? ['--no-unlogged-table-data'] : []),
    ...connectionArgs(server, database),
  ];
}

/** pg_dumpall of everything, or of roles and tablespaces only. */
export function dumpAllArguments(server: Server, facts: ServerFacts, what: 'everything' | 'globals'): string[] {
  const { options } = server;
  return [
    programOf(server, 'pg_dumpall'),
    ...(what === 'globals' ? ['--globals-only'] : [`--lock-wait-timeout=${options.lock_timeout}`]),
    ...(options.no_owner ? ['--no-owner'] : []),
    ...(options.no_privileges ? ['--no-privileges'] : []),
    // Only superusers may read the hashes of passwords.
    ...(facts.superuser ? [] : ['--no-role-passwords']),
    ...(what === 'everything' && facts.recovering ? ['--no-unlogged-table-data'] : []),
    ...hostArgs(server),
    `--dbname=${CONNECTION}`,
  ];
}
