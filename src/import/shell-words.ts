/** Splits a line of shell into commands and words. */

export interface Word {
  readonly text: string;
  /** Whether something in it is only known when it runs: `$(date)`, a variable that nothing sets. */
  readonly unknown: boolean;
  /** Whether it begins with a quote, so that it can not assign a variable. */
  readonly quotedName: boolean;
}

export interface SimpleCommand {
  readonly words: readonly Word[];
  /** Whether its input is what the one before it prints. */
  readonly piped: boolean;
}

interface Reader {
  readonly text: string;
  at: number;
  readonly variable: (name: string) => string | undefined;
}

/**
 * The simple commands of a line, without redirections and comments. Quotes and backslashes are resolved; a variable is
 * replaced by what `variable` knows of it.
 */
export function splitWords(text: string, variable: (name: string) => string | undefined): SimpleCommand[] {
  const reader: Reader = { text, at: 0, variable };
  const commands: SimpleCommand[] = [];
  let words: Word[] = [];
  let piped = false;
  const finish = (nextPiped: boolean) => {
    if (words.length > 0) commands.push({ words, piped });
    words = [];
    piped = nextPiped;
  };
  while (reader.at < text.length) {
    const rest = text.slice(reader.at, reader.at + 400);
    const redirection = /^(?:\d*(?:>>|>&|<&|>\||>|<<<?|<)|&>>?)\s*(?:&?\d+|-(?=\s|$))?/.exec(rest);
    if (/^\s/.test(rest)) reader.at += 1;
    else if (rest.startsWith('#')) break;
    else if (redirection !== null) skipRedirection(reader, redirection[0]);
    else if (/^(?:\|\||&&|;;|;|&|\||\(|\))/.test(rest)) {
      const separator = /^(?:\|\||&&|;;|\|&?|.)/.exec(rest)?.[0] ?? ' ';
      reader.at += separator.length;
      finish(separator === '|' || separator === '|&');
    } else words.push(readWord(reader));
  }
  finish(false);
  return commands;
}

/** `>> file` takes the next word with it, `2>&1` does not. */
function skipRedirection(reader: Reader, sign: string): void {
  reader.at += sign.length;
  if (/[&\d-]$/.test(sign.trim()) && /&/.test(sign)) return;
  while (/[ \t]/.test(reader.text[reader.at] ?? '')) reader.at += 1;
  if (reader.at < reader.text.length) readWord(reader);
}

function readWord(reader: Reader): Word {
  const quotedName = /["']/.test(reader.text[reader.at] ?? '');
  const from = reader.at;
  let text = '';
  let unknown = false;
  while (reader.at < reader.text.length) {
    const character = reader.text[reader.at]!;
    if (/[\s;&|<>()]/.test(character)) break;
    const piece = character === "'" ? singleQuoted(reader) : character === '"' ? doubleQuoted(reader) : plain(reader);
    text += piece.text;
    unknown ||= piece.unknown;
  }
  // Whatever it was, it has to go on.
  if (reader.at === from) reader.at += 1;
  return { text, unknown, quotedName };
}

type Piece = Pick<Word, 'text' | 'unknown'>;

function singleQuoted(reader: Reader): Piece {
  const end = reader.text.indexOf("'", reader.at + 1);
  const text = reader.text.slice(reader.at + 1, end < 0 ? undefined : end);
  reader.at = end < 0 ? reader.text.length : end + 1;
  return { text, unknown: false };
}

function doubleQuoted(reader: Reader): Piece {
  reader.at += 1;
  let text = '';
  let unknown = false;
  while (reader.at < reader.text.length && reader.text[reader.at] !== '"') {
    const piece = plain(reader, true);
    text += piece.text;
    unknown ||= piece.unknown;
  }
  reader.at += 1;
  return { text, unknown };
}

function plain(reader: Reader, quoted = false): Piece {
  const character = reader.text[reader.at]!;
  if (character === '$') return expansion(reader);
  if (character === '`') return substitution(reader, '`');
  reader.at += 1;
  const next = reader.text[reader.at];
  if (character !== '\\' || next === undefined) return { text: character, unknown: false };
  if (quoted && !/["\\$`]/.test(next)) return { text: character, unknown: false };
  reader.at += 1;
  return { text: next, unknown: false };
}

function expansion(reader: Reader): Piece {
  const rest = reader.text.slice(reader.at);
  if (rest.startsWith('$(')) return substitution(reader, ')');
  const match = /^\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))/.exec(rest);
  if (match === null) {
    const other = /^\$(?:\{[^}]*\}?|.)?/s.exec(rest)?.[0] ?? '$';
    reader.at += other.length;
    return { text: other, unknown: true };
  }
  reader.at += match[0].length;
  const name = match[1] ?? match[2] ?? '';
  const value = name === 'HOME' ? '~' : reader.variable(name);
  return { text: value ?? `$${name}`, unknown: value === undefined };
}

/** `$(…)` and backquotes: what they print is not known. */
function substitution(reader: Reader, end: ')' | '`'): Piece {
  const from = reader.at;
  reader.at += end === ')' ? 2 : 1;
  let depth = 1;
  while (reader.at < reader.text.length && depth > 0) {
    const character = reader.text[reader.at]!;
    if (character === end) depth -= 1;
    else if (end === ')' && character === '(') depth += 1;
    reader.at += 1;
  }
  return { text: reader.text.slice(from, reader.at), unknown: true };
}
