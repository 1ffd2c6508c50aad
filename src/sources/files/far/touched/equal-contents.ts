/** Has another host hash files, to find those whose content is what it was. */
import { encodeName } from '../../../../base/names.ts';
import type { ContentPiece } from '../../../source.ts';
import { pathBytes } from '../path-bytes.ts';
import { HASH_PIECES, HASH_WHOLE, HASH_WITH_PYTHON, SUM_TOOLS } from './hash-script.ts';
import { type LinesHow, linesThere } from './lines-there.ts';

/** A file by its path there, and the pieces that its content consisted of. */
export interface KnownFile {
  readonly path: string;
  readonly pieces: readonly ContentPiece[];
}

export function canHash(tools: ReadonlySet<string>): boolean {
  return tools.has('python3') || SUM_TOOLS.some((tool) => tools.has(tool));
}

/**
 * Those of the files whose pieces have the hashes they had. That a file ends behind the last is not looked at: its size tells. Undefined where
 * nothing there could tell. Throws what the way to the host says.
 */
export async function equalContents<File extends KnownFile>(
  files: readonly File[],
  tools: ReadonlySet<string>,
  how: LinesHow,
): Promise<readonly File[] | undefined> {
  const filled = files.filter(({ pieces }) => pieces.length > 0);
  const equal = new Set(files.filter(({ pieces }) => pieces.length === 0));
  const found =
    (tools.has('python3') ? await equalIn(filled, HASH_WITH_PYTHON, pieceBytes(filled), how) : undefined) ??
    (SUM_TOOLS.some((tool) => tools.has(tool)) ? await byPrograms(filled, how) : undefined);
  if (found === undefined) return undefined;
  for (const file of found) equal.add(file);
  return files.filter((file) => equal.has(file));
}

/** Many small files are hashed by one program; all others, and those whose names it would write otherwise, piece by piece. */
async function byPrograms<File extends KnownFile>(
  files: readonly File[],
  how: LinesHow,
): Promise<readonly File[] | undefined> {
  const isWhole = ({ path, pieces }: File): boolean => pieces.length === 1 && !/[\n\\]/.test(path);
  const whole = files.filter(isWhole);
  const others = files.filter((file) => !isWhole(file));
  const paths = pathBytes(whole.map(({ path }) => path));
  const first = await equalIn(whole, HASH_WHOLE, paths, how);
  const rest = await equalIn(others, HASH_PIECES, pieceBytes(others), how);
  return first === undefined || rest === undefined ? undefined : [...first, ...rest];
}

async function equalIn<File extends KnownFile>(
  files: readonly File[],
  argv: readonly string[],
  stdin: AsyncIterable<Uint8Array>,
  how: LinesHow,
): Promise<readonly File[] | undefined> {
  if (files.length === 0) return [];
  const lines = await linesThere(argv, stdin, how);
  // Nobody knows which line is missing or too many.
  if (lines?.length !== files.length) return undefined;
  return files.filter(({ pieces }, at) => hasHashes(lines[at]!, pieces));
}

const HASH = /^[0-9a-f]{64}$/;

function hasHashes(line: string, pieces: readonly ContentPiece[]): boolean {
  const words = line.split(' ');
  return pieces.every(({ sha256 }, at) => HASH.test(sha256) && words[at] === sha256);
}

const PREFIX_DIGITS = 8;
const PLAIN_BYTES = /[^A-Za-z0-9_./-]/g;

async function* pieceBytes(files: readonly KnownFile[]): AsyncGenerator<Uint8Array> {
  for (const { path, pieces } of files) {
    const lines = pieces.map(({ sha256, sizeBytes }) => `${sizeBytes}:${sha256.slice(0, PREFIX_DIGITS)}\n`);
    yield Buffer.from(`${octal(path)}\n${lines.join('')}\n`);
  }
}

/** As `printf %b` takes it. */
function octal(path: string): string {
  const text = encodeName(path).toString('latin1');
  return text.replace(PLAIN_BYTES, (byte) => `\\0${byte.charCodeAt(0).toString(8).padStart(3, '0')}`);
}
