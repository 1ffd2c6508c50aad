/** Translates what PostgreSQL's programs say into errors that name the cause and the remedy. */
import { hasCode, SuretyError } from '../../base/errors.ts';
import type { Exit } from '../../reach/reach.ts';
import { EXPLANATIONS, type Failing } from './explanations.ts';
import { programOf } from './server.ts';

/** For {@link import('../tool.ts').ToolHow.explain}. */
export function explainer(failing: Failing): (stderr: string, exit: Exit) => SuretyError | undefined {
  return (stderr, exit) => explain(failing, stderr, exit);
}

/** The error that tells what went wrong; undefined when all that is known is that it did. */
export function explain(failing: Failing, stderr: string, exit: Exit): SuretyError | undefined {
  const { server, doing, side } = failing;
  if (hasCode(exit.error, 'reach.not-found')) return toolMissing(failing, exit.error);
  if (exit.error !== undefined) return exit.error instanceof SuretyError ? exit.error : undefined;
  const said = withoutSecrets(stderr);
  for (const { pattern, code, what, hint, later } of EXPLANATIONS) {
    const match = pattern.exec(said);
    if (match === null) continue;
    const line = lineOf(said, match.index);
    const message = what(match, failing);
    return new SuretyError(codeFor(code, side), `${doing}: ${message}${line.includes(message) ? '' : ` (${line})`}`, {
      hint,
      ...(later === undefined ? {} : { retry: 'later' }),
      details: { source: server.source },
    });
  }
  const first = /^(?:.*?(?:ERROR|FATAL|error): +)(.*)$/m.exec(said)?.[1];
  if (first === undefined) return undefined;
  const context = /^LINE \d+: (.*)$/m.exec(said)?.[1];
  const where = context === undefined ? '' : ` (at: ${context.trim()})`;
  return new SuretyError(`${side}.failed`, `${doing}: ${first}${where}`, { details: { source: server.source } });
}

function codeFor(code: string, side: Failing['side']): string {
  if (code.includes('.')) return code;
  return side === 'target' && (code === 'missing' || code === 'locked') ? 'target.failed' : `${side}.${code}`;
}

function toolMissing({ server, doing }: Failing, cause: SuretyError): SuretyError {
  const program = /program (\S+) was not found/.exec(cause.message)?.[1] ?? programOf(server, 'psql');
  return new SuretyError('source.tool-missing', `${doing}: ${program} is not installed where the source lives`, {
    hint: 'install the PostgreSQL client programs (package postgresql-client on Debian), or name their folder with bin',
    cause,
    details: { source: server.source, program },
  });
}

/** Statements that are shown with an error can have the hash of a password in them. */
function withoutSecrets(text: string): string {
  return text.replaceAll(/PASSWORD '[^']*'?/gi, "PASSWORD '[secret]'");
}

function lineOf(text: string, at: number): string {
  const from = text.lastIndexOf('\n', at) + 1;
  const to = text.indexOf('\n', at);
  const line = text.slice(from, to < 0 ? undefined : to).trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
