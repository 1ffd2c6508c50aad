/** Calls the client programs of MySQL and MariaDB where the source lives. */
import { hasCode, SuretyError } from '../../base/errors.ts';
import type { Reach } from '../../reach/reach.ts';
import { type Password, passwordVariable } from '../password.ts';
import { runTool, type ToolHow, toolOutput } from '../tool.ts';
import { explain } from './explain.ts';
import type { MysqlOptions } from './options.ts';
import { parseToolVersion, type Version } from './version.ts';

/** A source with all that is needed to run its programs. */
export interface Server {
  /** The source's name in the configuration. */
  readonly source: string;
  readonly reach: Reach;
  readonly options: MysqlOptions;
  readonly password: Password | undefined;
}

export interface Program {
  /** As it is called. */
  readonly path: string;
  readonly version: Version;
}

export type ProgramKind = 'client' | 'dump';

/** Names of a program; MariaDB's own come first where the server is one, since both may be installed. */
const NAMES = {
  client: { mariadb: ['mariadb', 'mysql'], mysql: ['mysql', 'mariadb'] },
  dump: { mariadb: ['mariadb-dump', 'mysqldump'], mysql: ['mysqldump', 'mariadb-dump'] },
} as const;

/** The first of the programs of this kind that is installed. Throws `source.tool-missing` where none is. */
export async function findProgram(
  server: Server,
  kind: ProgramKind,
  flavour: 'mariadb' | 'mysql',
  signal: AbortSignal,
): Promise<Program> {
  const names = NAMES[kind][flavour];
  const folder = server.options.bin;
  for (const name of names) {
    const path = folder === undefined ? name : `${folder.replace(/\/+$/, '')}/${name}`;
    try {
      const doing = `database server of ${server.source}`;
      const said = await runTool(server.reach, [path, '--no-defaults', '--version'], { signal, doing });
      return { path, version: parseToolVersion(said) };
    } catch (error) {
      if (!hasCode(error, 'source.tool-missing')) throw error;
    }
  }
  const where = folder === undefined ? 'on the PATH' : `in ${folder}`;
  throw new SuretyError('source.tool-missing', `${server.source}: neither ${names[0]} nor ${names[1]} is ${where}`, {
    hint: 'install the package mariadb-client (or mysql-client) where the source lives, or set `bin`',
    details: { source: server.source },
  });
}

export interface ClientHow {
  readonly signal: AbortSignal;
  /** What is done, for errors: `dump of database shop`. */
  readonly doing: string;
  readonly stdin?: AsyncIterable<Uint8Array>;
}

/** What the program writes. Ends with an error of the source unless its exit code is 0. */
export function programOutput(
  server: Server,
  program: Program,
  args: readonly string[],
  how: ClientHow,
): AsyncGenerator<Uint8Array, void, undefined> {
  return toolOutput(server.reach, programArgv(server, program, args), programHow(server, how));
}

/** The program with the options that say where the server is; those about option files must stand first. */
export function programArgv({ options, password }: Server, program: Program, args: readonly string[]): string[] {
  return [program.path, ...optionFiles(options, password), ...connection(options), ...args];
}

/** A password of the configuration must not be overruled by that of an option file, so then none is read. */
function optionFiles({ options_file }: MysqlOptions, password: Password | undefined): string[] {
  if (options_file !== undefined) return [`--defaults-file=${options_file}`];
  return password === undefined ? [] : ['--no-defaults'];
}

function connection({ server, port, socket, user }: MysqlOptions): string[] {
  const args: string[] = [];
  // The client takes the name localhost for the local socket, unless it is told otherwise.
  if (server !== undefined) args.push(`--host=${server}`, '--protocol=TCP');
  else if (socket !== undefined) args.push(`--socket=${socket}`);
  if (port !== undefined) args.push(`--port=${port}`);
  if (port !== undefined && server === undefined && socket === undefined) args.push('--protocol=TCP');
  if (user !== undefined) args.push(`--user=${user}`);
  return args;
}

/** The password goes by the environment: it is in no list of processes and in no file that could be left behind. */
export function programHow(server: Server, how: ClientHow): ToolHow {
  const { password } = server;
  return {
    signal: how.signal,
    doing: how.doing,
    explain: (stderr, exit) => explain(server, how.doing, stderr, exit),
    env: passwordVariable('MYSQL_PWD', password),
    ...(how.stdin === undefined ? {} : { stdin: how.stdin }),
  };
}
