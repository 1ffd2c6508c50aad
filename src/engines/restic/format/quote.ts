/**
 * Names inside trees are written as Go's `strconv.Quote` writes them (without the quotes), so that any bytes survive
 * JSON. In the program a name is the lossless string of `base/names.ts`.
 */
import { decodeName } from '../../../base/names.ts';

const PLAIN = /^[ !#-[\]-~]*$/;
/** What Go calls printable: letters, marks, numbers, punctuation, symbols and the ASCII space. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

const SHORT: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '"': '\\"',
  '\\': '\\\\',
};

/** The inside of `strconv.Quote(name)`. A lone surrogate U+DC80–U+DCFF is the byte it stands for. */
export function quote(name: string): string {
  if (PLAIN.test(name)) return name;
  let quoted = '';
  for (const letter of name) quoted += quoteLetter(letter);
  return quoted;
}

function quoteLetter(letter: string): string {
  const short = SHORT[letter];
  if (short !== undefined) return short;
  const point = letter.codePointAt(0)!;
  if (point >= 0xdc80 && point <= 0xdcff) return `\\x${hex(point & 0xff, 2)}`;
  if (point >= 0xd800 && point <= 0xdfff) return '\ufffd';
  if (PRINTABLE.test(letter)) return letter;
  if (point < 0x20 || point === 0x7f) return `\\x${hex(point, 2)}`;
  return point < 0x10000 ? `\\u${hex(point, 4)}` : `\\U${hex(point, 8)}`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

const LETTERS: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11, '\\': 92, '"': 34 };

/** The name whose quoted form is `quoted`, or undefined where Go's `strconv.Unquote` fails. */
export function unquote(quoted: string): string | undefined {
  if (!quoted.includes('\\')) return quoted.includes('"') || quoted.includes('\n') ? undefined : quoted;
  const parts: Buffer[] = [];
  let at = 0;
  while (at < quoted.length) {
    const next = quoted.indexOf('\\', at);
    const plain = quoted.slice(at, next < 0 ? quoted.length : next);
    if (plain.includes('"') || plain.includes('\n')) return undefined;
    if (plain !== '') parts.push(Buffer.from(plain, 'utf8'));
    if (next < 0) break;
    const found = readEscape(quoted, next + 1);
    if (found === undefined) return undefined;
    parts.push(found.bytes);
    at = found.end;
  }
  return decodeName(Buffer.concat(parts));
}

function readEscape(text: string, at: number): { bytes: Buffer; end: number } | undefined {
  const kind = text[at] ?? '';
  const letter = Object.hasOwn(LETTERS, kind) ? LETTERS[kind] : undefined;
  if (letter !== undefined) return { bytes: Buffer.of(letter), end: at + 1 };
  if (kind >= '0' && kind <= '7') {
    const value = digits(text, at, 3, /^[0-7]+$/, 8);
    return value === undefined || value > 255 ? undefined : { bytes: Buffer.of(value), end: at + 3 };
  }
  const length = kind === 'x' ? 2 : kind === 'u' ? 4 : kind === 'U' ? 8 : 0;
  const value = length === 0 ? undefined : digits(text, at + 1, length, /^[0-9a-fA-F]+$/, 16);
  if (value === undefined) return undefined;
  const end = at + 1 + length;
  if (kind === 'x') return { bytes: Buffer.of(value), end };
  if (value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return undefined;
  return { bytes: Buffer.from(String.fromCodePoint(value), 'utf8'), end };
}

function digits(text: string, at: number, length: number, allowed: RegExp, radix: number): number | undefined {
  const found = text.slice(at, at + length);
  return found.length === length && allowed.test(found) ? Number.parseInt(found, radix) : undefined;
}
