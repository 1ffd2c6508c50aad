import { SuretyError } from '../../base/errors.ts';

/**
 * The expression for a glob over '/'-joined names: `*` and `?` stay within one name, `**` as a whole name stands for
 * any number of names, `[a-z]` and `[!a-z]` for one character, `{a,b}` for alternatives, `\` takes the next character
 * as it is. Everything else, also `(`, `+`, `!` and a leading dot, is ordinary: file names are full of them.
 * Fails with `glob.invalid` for a bracket or brace that is not closed.
 */
export function compileGlob(glob: string): RegExp {
  const reader: Reader = { glob, at: 0, depth: 0 };
  // `s` and `u`: a name may contain line ends, and a character outside the basic plane is one character.
  return new RegExp(`^${sequence(reader)}$`, 'su');
}

interface Reader {
  readonly glob: string;
  at: number;
  /** Braces that are open. */
  depth: number;
}

function sequence(reader: Reader): string {
  let source = '';
  while (reader.at < reader.glob.length) {
    const character = String.fromCodePoint(reader.glob.codePointAt(reader.at)!);
    if (reader.depth > 0 && (character === ',' || character === '}')) return source;
    source += piece(reader, character);
  }
  return source;
}

function piece(reader: Reader, character: string): string {
  if (character === '*') return stars(reader);
  if (character === '[') return set(reader);
  if (character === '{') return alternatives(reader);
  reader.at += character.length;
  if (character === '?') return '[^/]';
  if (character !== '\\') return literal(character);
  if (reader.at === reader.glob.length) throw invalid(reader.glob, 'ends with a backslash');
  const next = String.fromCodePoint(reader.glob.codePointAt(reader.at)!);
  reader.at += next.length;
  return literal(next);
}

function stars(reader: Reader): string {
  const { glob, at } = reader;
  let end = at;
  while (glob[end] === '*') end += 1;
  reader.at = end;
  const startsName = at === 0 || glob[at - 1] === '/';
  if (end - at !== 2 || !startsName) return '[^/]*';
  if (end === glob.length) return '.*';
  if (glob[end] !== '/') return '[^/]*';
  reader.at = end + 1;
  return '(?:.*/)?';
}

function set(reader: Reader): string {
  const { glob } = reader;
  let at = reader.at + 1;
  const negated = glob[at] === '!' || glob[at] === '^';
  if (negated) at += 1;
  const start = at;
  if (glob[at] === ']') at += 1;
  while (at < glob.length && glob[at] !== ']') at += 1;
  if (at >= glob.length) throw invalid(glob, 'has a "[" that is not closed');
  reader.at = at + 1;
  const members = glob.slice(start, at).replace(/[\\\]^[]/g, '\\$&');
  const source = negated ? `[^/${members}]` : `(?!/)[${members}]`;
  try {
    new RegExp(source, 'su');
  } catch {
    throw invalid(glob, `has the impossible range "[${glob.slice(start, at)}]"`);
  }
  return source;
}

function alternatives(reader: Reader): string {
  const parts: string[] = [];
  reader.depth += 1;
  do {
    reader.at += 1;
    parts.push(sequence(reader));
  } while (reader.glob[reader.at] === ',');
  if (reader.glob[reader.at] !== '}') throw invalid(reader.glob, 'has a "{" that is not closed');
  reader.at += 1;
  reader.depth -= 1;
  return `(?:${parts.join('|')})`;
}

function literal(character: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(character) ? `\\${character}` : character;
}

function invalid(glob: string, problem: string): SuretyError {
  return new SuretyError('glob.invalid', `the pattern "${glob}" ${problem}`, {
    hint: 'write a backslash before a character that stands for itself',
  });
}
