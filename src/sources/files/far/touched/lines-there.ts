import { SuretyError } from '../../../../base/errors.ts';
import type { Reach } from '../../../../reach/reach.ts';

export interface LinesHow {
  readonly reach: Reach;
  /** The folder in which commands begin; undefined: the one that the host chooses. */
  readonly folder: string | undefined;
  readonly signal: AbortSignal;
  /** Called as something comes. */
  readonly alive: (() => void) | undefined;
}

/** The lines that a program on another host prints. Undefined unless it ended well and with a whole line. Throws what the way to the host says. */
export async function linesThere(
  argv: readonly string[],
  stdin: AsyncIterable<Uint8Array>,
  { reach, folder, signal, alive }: LinesHow,
): Promise<readonly string[] | undefined> {
  const process = reach.exec(argv, { signal, stdin, cwd: folder, env: { LC_ALL: 'C' } });
  const parts: Buffer[] = [];
  try {
    for await (const chunk of process.stdout) {
      parts.push(Buffer.from(chunk));
      alive?.();
    }
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  const { code, error } = await process.exit;
  signal.throwIfAborted();
  if (isMissing(error)) return undefined;
  if (error !== undefined) throw error;
  const lines = Buffer.concat(parts).toString('latin1').split('\n');
  return code === 0 && lines.pop() === '' ? lines : undefined;
}

/** The program is not there. */
function isMissing(error: unknown): boolean {
  return error instanceof SuretyError && error.code === 'reach.not-found';
}
