/** What `find`, `stat` and Python say about files they could not look at. */
import { SuretyError } from '../../../base/errors.ts';
import { decodeName, displayName } from '../../../base/names.ts';
import { entryPathOf, ListedFinder } from './listed-finder.ts';
import type { ListingParser, SectionEnd } from './listing-parser.ts';
import type { Start } from './starts.ts';

/** Something was said of a path that is not listed, or is no directory. */
export interface StrayTrouble {
  readonly start: Start;
  /** Undefined where it is not below the start. */
  readonly entryPath: string | undefined;
  readonly code: string;
  readonly message: string;
}

const CODES: readonly (readonly [words: RegExp, code: string])[] = [
  [/^No such file or directory/, 'ENOENT'],
  [/^Not a directory/, 'ENOENT'],
  [/^(Permission denied|Operation not permitted)/, 'EACCES'],
];

/** Marks directories of the listing that could not be read, and caches. Returns what is about nothing in it. Throws `source.failed`. */
export function noteTroubles(parser: ListingParser, starts: readonly Start[]): StrayTrouble[] {
  const strays: StrayTrouble[] = [];
  const finder = new ListedFinder(parser, starts);
  for (const { start, path } of parser.tags) {
    const folder = finder.find(start, path.slice(0, Math.max(0, path.lastIndexOf('/'))));
    if (folder !== undefined) parser.tree.markCache(folder);
  }
  for (const [index, { tree }] of parser.facts.entries()) {
    const start = starts[index]!;
    for (const line of tree === undefined ? [] : troublesIn(tree, start)) {
      const at = finder.find(start, line.path);
      if (at !== undefined && parser.tree.type(at) === 'dir') parser.tree.setTrouble(at, line);
      else strays.push({ start, entryPath: entryPathOf(start, line.path), code: line.code, message: line.message });
    }
  }
  return strays;
}

interface Line {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

/**
 * Throws `source.failed` where a program failed for something else than single files, or does not say why: it may have ended before it was
 * done. Where it ended well, what it said beside that is noise.
 */
function troublesIn({ code, said }: SectionEnd, start: Start): Line[] {
  const lines = linesOf(said).map((line) => ({ line, trouble: parsed(line) }));
  const unknown = lines.find(({ line, trouble }) => trouble === undefined && !/warning: |File system loop/.test(line));
  const isOrdinary = code === 0 || (code === 1 && lines.length > 0 && unknown === undefined);
  if (isOrdinary) return lines.flatMap(({ trouble }) => trouble ?? []);
  const why = unknown?.line ?? `it ended with exit code ${code}`;
  throw new SuretyError(
    'source.failed',
    `the listing of ${displayName(start.path)} was not finished: ${displayName(why)}`,
    {
      hint: 'run it again; if it stays so, look at the disk and the memory of the host',
    },
  );
}

/** Each begins with the name of a program; a name in it may contain line ends where a program does not quote. */
function linesOf(said: string): string[] {
  return said === '' ? [] : said.split(/\n(?=[\w./-]+: )/);
}

function parsed(line: string): Line | undefined {
  const quoted = /^[\w./-]+: (?:cannot \w+(?: \w+)* )?'((?:[^'\\]|\\.)*)': (.*)$/s.exec(line);
  const plain = quoted ?? /^[\w./-]+: (?:can't \w+ )?'?((?:\.\/|\/|\.$).*?)'?: ([^:]*)$/s.exec(line);
  if (plain === null) return undefined;
  const message = plain[2]!.trim();
  const code = CODES.find(([words]) => words.test(message))?.[1] ?? '';
  return { path: quoted === null ? plain[1]! : unescaped(quoted[1]!), code, message };
}

const ESCAPES: Readonly<Record<string, number>> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13 };

/** As C writes strings: bytes that are no ASCII in octal. */
function unescaped(text: string): string {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const octal = /^\\([0-7]{3})/.exec(text.slice(at, at + 4));
    if (octal !== null) {
      bytes.push(Number.parseInt(octal[1]!, 8));
      at += 3;
    } else if (text[at] === '\\') {
      at += 1;
      bytes.push(ESCAPES[text[at]!] ?? text.charCodeAt(at));
    } else bytes.push(...Buffer.from(text[at]!, 'utf8'));
  }
  return decodeName(Uint8Array.from(bytes));
}
