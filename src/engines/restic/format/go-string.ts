/** JSON strings with the same bytes as Go's `encoding/json`: `<`, `>`, `&`, U+2028 and U+2029 are escaped, invalid UTF-8 is U+FFFD. */

/** Anything that JSON or Go writes as an escape; a text without it is copied as it is. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON escapes control characters
const SPECIAL = /[\u0000-\u001f"\\<>&\u2028\u2029\ud800-\udfff]/;

/** The text as a JSON string with its quotes. A lone surrogate stands for an invalid byte and is lost, as in Go. */
export function goString(text: string): string {
  return SPECIAL.test(text) ? escaped(text) : `"${text}"`;
}

function escaped(text: string): string {
  const json = JSON.stringify(text).replace(
    /[<>&\u2028\u2029]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return text.isWellFormed()
    ? json
    : json.replace(/\\(?:ud[89a-f]..|.)/g, (found) => (found.startsWith('\\ud') ? '\\ufffd' : found));
}
