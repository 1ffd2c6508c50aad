/** Reads lines of `NAME=value` as shells, Docker and systemd know them: `.env` files. */
import type { Setting } from './settings.ts';

const ASSIGNMENT = /^\s*(?:export\s+|set\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$/;

/** A key or a certificate has fewer. */
const MAX_VALUE_LINES = 100;

/** The assignments of a text; undefined when something else stands in it as well. */
export function readEnv(file: string, text: string): Setting[] | undefined {
  const lines = text.split(/\r\n|\n|\r/);
  const found: Setting[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    if (/^\s*(#.*)?$/.test(line)) continue;
    const match = ASSIGNMENT.exec(line);
    if (match === null) return undefined;
    const { value, lines: used } = valueFrom(match[2] ?? '', lines.slice(at + 1, at + 1 + MAX_VALUE_LINES));
    found.push({ file, line: at + 1, key: match[1] ?? '', value });
    at += used;
  }
  return found;
}

/** The value that begins with `first`; one in quotes may go on in the lines below. `lines` are those it took of them. */
function valueFrom(first: string, below: readonly string[]): { readonly value: string; readonly lines: number } {
  const quote = /^\s*(["'])/.exec(first)?.[1];
  if (quote === undefined) return { value: first.replace(/(^|\s)#.*$/, '').trim(), lines: 0 };
  let text = first.trimStart().slice(1);
  for (let lines = 0; ; lines++) {
    const end = closing(text, quote);
    if (end !== undefined) return { value: unescaped(text.slice(0, end), quote), lines };
    const next = below[lines];
    // A quote that is never closed was none: only this line was meant.
    if (next === undefined) return { value: first.trim(), lines: 0 };
    text += `\n${next}`;
  }
}

function closing(text: string, quote: string): number | undefined {
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\' && quote === '"') at += 1;
    else if (text[at] === quote) return at;
  }
  return undefined;
}

function unescaped(text: string, quote: string): string {
  // In a path of Windows, backslashes are what they look like.
  if (quote === "'" || /^(?:[A-Za-z]:)?\\(?![nrt"\\$`])|^[A-Za-z]:\\/.test(text)) return text;
  return text.replaceAll(/\\([nrt"\\$`])/g, (_all, letter: string) => ESCAPES[letter] ?? letter);
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };
