import { SuretyError } from '../../base/errors.ts';
import { findProgram, type Program, type Server } from './client.ts';
import { text } from './quote.ts';
import { Session } from './session.ts';
import { isOlder, parseServerVersion, type Version } from './version.ts';

/** The programs that fit a server that answers. */
export interface Tools {
  readonly client: Program;
  readonly dump: Program;
  /** Of the server. */
  readonly version: Version;
}

/** Finds the programs and asks the server for its version. Throws `source.tool-missing`, `source.tool-too-old` and what a login can fail with. */
export async function findTools(server: Server, signal: AbortSignal): Promise<Tools> {
  const client = await findProgram(server, 'client', 'mariadb', signal);
  const version = await serverVersion(server, client, signal);
  const dump = await findProgram(server, 'dump', version.flavour, signal);
  expectNewEnough(server, dump, version);
  if (version.flavour === client.version.flavour) return { client, dump, version };
  return { client: await findProgram(server, 'client', version.flavour, signal), dump, version };
}

async function serverVersion(server: Server, client: Program, signal: AbortSignal): Promise<Version> {
  await using session = new Session(server, client, { signal, doing: `database server of ${server.source}` });
  const [[said = ''] = []] = await session.query('SELECT VERSION()');
  return parseServerVersion(said);
}

/** MySQL's dump program only knows what its own server and older ones have; MariaDB's keeps up with newer ones. */
function expectNewEnough({ source }: Server, dump: Program, version: Version): void {
  if (version.flavour !== 'mysql' || !isOlder(dump.version, version)) return;
  throw new SuretyError(
    'source.tool-too-old',
    `${source}: ${dump.path} ${dump.version.text} is older than the server ${version.text}`,
    {
      hint: `install the client programs of MySQL ${version.major}.${version.minor}, or set \`bin\` to their folder`,
      details: { source },
    },
  );
}

export interface OpenSessionHow {
  readonly signal: AbortSignal;
  readonly doing: string;
  readonly lockTimeoutMs: number;
  readonly database?: string;
}

/** A session in which the same values always look the same, whatever the server's own settings are. */
export function openSession(server: Server, tools: Tools, how: OpenSessionHow): Session {
  const seconds = Math.max(1, Math.round(how.lockTimeoutMs / 1000));
  const settings = [
    "SET SESSION sql_mode = ''",
    `SET SESSION time_zone = ${text('+00:00')}`,
    `SET SESSION lock_wait_timeout = ${seconds}`,
    'SET SESSION net_write_timeout = 86400, SESSION net_read_timeout = 86400, SESSION wait_timeout = 604800',
    tools.version.flavour === 'mariadb' ? 'SET SESSION max_statement_time = 0' : 'SET SESSION max_execution_time = 0',
  ];
  const { signal, doing, database } = how;
  return new Session(server, tools.client, {
    signal,
    doing,
    settings,
    ...(database === undefined ? {} : { database }),
  });
}
