/** Lines of a file for `--patterns-from`: exactly these paths. */

/** What selects one path, whatever bytes its name has. Lines are trimmed, so some names are written as regular expressions. */
export function includeLine(path: string): string {
  if (/^[\x21-\x7e\u00a1-\ud7ff\ue000-\ufffd /]+$/.test(path) && path.trim() === path) return `+ pf:${path}`;
  const parts = [...path].map((character) => (/^[A-Za-z0-9_/]$/.test(character) ? character : escaped(character)));
  return `+ re:^${parts.join('')}\\Z`;
}

/** The last line: nothing else. */
export const EXCLUDE_REST = '- re:^';

/** Python's escapes; borg decodes bytes that are no UTF-8 to lone surrogates, as we do. */
function escaped(character: string): string {
  const code = character.codePointAt(0)!;
  return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}
