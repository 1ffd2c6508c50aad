import type { ExecHow, Reach } from '../../reach/reach.ts';
import { type Password, passwordVariable } from '../password.ts';
import type { PostgresOptions } from './options.ts';
import { connectionValue } from './quote.ts';

/** A server and the way to it. */
export interface Server {
  /** The source's name in the configuration. */
  readonly source: string;
  readonly reach: Reach;
  readonly options: PostgresOptions;
  readonly password: Password | undefined;
  /** A folder of this machine for dumps that are taken before a database is changed in place. */
  readonly safetyFolder: string;
}

export type PostgresProgram = 'psql' | 'pg_dump' | 'pg_dumpall' | 'pg_restore' | 'vacuumlo';

/** What every connection has: nobody waits for a server that does not answer. */
export const CONNECTION = 'connect_timeout=20 fallback_application_name=surety';

/** The program to run: the one on PATH, or of the folder that the options name. */
export function programOf({ options }: Server, program: PostgresProgram): string {
  return options.bin === undefined ? program : `${options.bin.replace(/\/$/, '')}/${program}`;
}

/** Arguments that say which server and database; the password is never among them, and nothing ever asks for one. */
export function connectionArgs(server: Server, database: string): string[] {
  return [...hostArgs(server), `--dbname=dbname=${connectionValue(database)} ${CONNECTION}`];
}

/** The same for a program that has its own way to name the database. */
export function hostArgs({ options }: Server): string[] {
  const host = options.server ?? options.socket;
  return [
    '--no-password',
    ...(host === undefined ? [] : [`--host=${host}`]),
    ...(options.port === undefined ? [] : [`--port=${options.port}`]),
    ...(options.user === undefined ? [] : [`--username=${options.user}`]),
  ];
}

/** What programs get in their environment. Messages in English are the ones that can be explained. */
export function toolEnvironment({ password }: Server): NonNullable<ExecHow['env']> {
  return { LC_ALL: 'C', ...passwordVariable('PGPASSWORD', password) };
}

/** Where the server is, for people. */
export function shownServer({ options }: Server): string {
  const host = options.server ?? options.socket;
  if (host === undefined)
    return options.port === undefined ? 'the local server' : `the local server on port ${options.port}`;
  return options.port === undefined ? `the server at ${host}` : `the server at ${host}:${options.port}`;
}
