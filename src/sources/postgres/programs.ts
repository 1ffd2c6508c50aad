import { SuretyError } from '../../base/errors.ts';
import { runTool } from '../tool.ts';
import { explainer } from './postgres-error.ts';
import { type PostgresProgram, programOf, type Server, shownServer, toolEnvironment } from './server.ts';

export interface ProgramHow {
  readonly signal: AbortSignal;
  readonly doing: string;
}

/** A version such as `15.18`, and the part that decides what fits together: 15, or 9.6. */
export interface Version {
  readonly text: string;
  readonly major: number;
}

/** Asks the program for its version. Throws `source.tool-missing` when there is none. */
export async function programVersion(server: Server, program: PostgresProgram, how: ProgramHow): Promise<Version> {
  const printed = await runTool(server.reach, [programOf(server, program), '--version'], {
    ...how,
    env: toolEnvironment(server),
    explain: explainer({ server, doing: how.doing, side: 'source' }),
  });
  const text = /(\d+(?:\.\d+)*)/.exec(printed.replace(/^[^(]*\(PostgreSQL\)/, ''))?.[1];
  if (text !== undefined) return { text, major: majorOf(text) };
  throw new SuretyError('source.failed', `${how.doing}: ${programOf(server, program)} does not tell its version`, {
    hint: 'check that it is the program of PostgreSQL',
  });
}

/** Of `15.18 (Debian …)`. */
export function serverVersion(text: string): Version {
  const number = /^\d+(?:\.\d+)*/.exec(text)?.[0] ?? text;
  return { text: number, major: majorOf(number) };
}

function majorOf(text: string): number {
  const [first = '0', second = '0'] = text.split('.');
  return Number(first) >= 10 ? Number(first) : Number(`${first}.${second}`);
}

/** A dump by a program that is older than its server lacks what it does not know, so pg_dump refuses; this says it beforehand. */
export function expectNotOlder(
  server: Server,
  program: PostgresProgram,
  own: Version,
  theirs: Version,
  doing: string,
): void {
  if (own.major >= theirs.major) return;
  const where = programOf(server, program);
  throw new SuretyError(
    'source.tool-too-old',
    `${doing}: ${where} is version ${own.text}, but ${shownServer(server)} is version ${theirs.text}`,
    {
      hint: `install the client programs of version ${theirs.major} (package postgresql-client-${theirs.major} on Debian), and name their folder with bin if they are not on PATH`,
      details: { source: server.source, program: own.text, server: theirs.text },
    },
  );
}
