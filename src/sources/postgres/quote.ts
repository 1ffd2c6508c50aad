/** A name in SQL. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text in SQL, whatever `standard_conforming_strings` is. */
export function literal(text: string): string {
  const doubled = text.replaceAll("'", "''");
  return text.includes('\\') ? ` E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`;
}

/** A value in a connection string: names such as `a=b` would else be taken for connection strings themselves. */
export function connectionValue(value: string): string {
  return `'${value.replaceAll(/['\\]/g, '\\$&')}'`;
}

/** How a table is named in fingerprints: `schema.table`, quoted only where it would be unclear. */
export function shownName(...parts: readonly string[]): string {
  return parts.map((part) => (/[."/]/.test(part) || part === '' ? identifier(part) : part)).join('.');
}

/** The longest name a server keeps; it cuts longer ones without a word. */
const NAME_BYTES = 63;

/** `name` with `ending` behind it, shortened in the middle so that the server keeps all of it. */
export function endedName(name: string, ending: string): string {
  let kept = name;
  while (Buffer.byteLength(kept + ending) > NAME_BYTES) kept = [...kept].slice(0, -1).join('');
  return kept + ending;
}
