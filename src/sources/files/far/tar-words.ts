/** What the `tar` of another host says of files that it could not write as they were. */
import { StringDecoder } from 'node:string_decoder';
import { decodeName } from '../../../base/names.ts';

export interface TarWord {
  /**
   * `gone`: it is not there any more. `denied`: it may not be read. `long`: no program can name it. `changed`: what came of it is of several moments. `broken`: what came of it
   * is not what is in it. `xattr`: its attributes. `other`: nothing that is known.
   */
  readonly kind: 'gone' | 'denied' | 'long' | 'changed' | 'broken' | 'xattr' | 'other';
  /** As the program was given it; undefined where it can not be made out. */
  readonly path: string | undefined;
  readonly message: string;
}

const HARMLESS = [
  /Exiting with failure status/,
  /error exit delayed/i,
  /[Rr]emoving leading/,
  /socket ignored/,
  /have no effect|has no effect|options were used after/,
];

const KINDS: readonly (readonly [words: RegExp, kind: TarWord['kind']])[] = [
  [/xattr|acl_|ACL|capabilit/, 'xattr'],
  [/file changed as we read it|File shrank by \d+ bytes|File truncated|file is unchanged/, 'changed'],
  [/File removed before we read it|No such file or directory|Not a directory/, 'gone'],
  [/Read error|Cannot read|short read|Cannot seek/, 'broken'],
  [/Permission denied|Operation not permitted/, 'denied'],
  [/File name too long/, 'long'],
];

export interface Heard {
  /** Takes the next of what it says. */
  readonly add: (chunk: Uint8Array) => void;
  /** All that it said; undefined where that was too much. */
  words(): readonly TarWord[] | undefined;
}

/** Several for each file that is asked for at once. */
const MAX_WORDS = 200_000;
const MAX_LINE = 1 << 16;

/** Listens to a program as it works: what it says of many files is more than is kept of its stderr. */
export function hearTar(): Heard {
  const decoder = new StringDecoder('utf8');
  const words: TarWord[] = [];
  let rest = '';
  let isTooMuch = false;
  return {
    add(chunk) {
      const lines = (rest + decoder.write(Buffer.from(chunk))).split('\n');
      rest = lines.pop() ?? '';
      isTooMuch ||= words.length > MAX_WORDS || rest.length > MAX_LINE;
      if (isTooMuch) rest = '';
      else for (const line of lines) words.push(...tarWords(line));
    },
    words: () => (isTooMuch ? undefined : [...words, ...tarWords(rest + decoder.end())]),
  };
}

export function tarWords(said: string): TarWord[] {
  return said.split('\n').flatMap((line) => {
    if (line.trim() === '') return [];
    const text = line.replace(/^tar: /, '').replace(/^Warning: /, '');
    const { path, said: words } = parted(text);
    if (HARMLESS.some((harmless) => harmless.test(words))) return [];
    const kind = KINDS.find(([known]) => known.test(words))?.[1] ?? 'other';
    return [{ kind, path, message: text }];
  });
}

/** Paths begin with a slash or `./`, as the program was given them. What is said of them is apart: a path may have any words in it. */
function parted(text: string): { readonly path: string | undefined; readonly said: string } {
  const busybox = /^can't \w+(?: \w+)* '(.*)': [^:']*$/.exec(text);
  if (busybox !== null) return { path: busybox[1], said: text.replace(busybox[1]!, '') };
  const found =
    /^(\.?\/.*?|\.): (?:Warning: )?(?:Cannot |File |file |Read |Can't |can't |[A-Z][a-z]+ (?:such|denied|not)|No such)/.exec(
      text,
    );
  if (found === null) return { path: undefined, said: text };
  return { path: unescaped(found[1]!), said: text.slice(found[1]!.length) };
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', b: '\b', f: '\f', r: '\r', a: '\u0007', v: '\v' };

/** As GNU's tar quotes names in what it says. */
function unescaped(text: string): string {
  const latin1 = Buffer.from(text, 'utf8')
    .toString('latin1')
    .replace(/\\([0-7]{3}|.)/g, (_, code: string) =>
      code.length === 3 ? String.fromCharCode(Number.parseInt(code, 8)) : (ESCAPES[code] ?? code),
    );
  return decodeName(Buffer.from(latin1, 'latin1'));
}
