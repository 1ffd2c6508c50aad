/** Names and texts in SQL, whatever characters are in them. */

/** `name` as an identifier. */
export function identifier(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** `database`.`name`. */
export function qualified(database: string, name: string): string {
  return `${identifier(database)}.${identifier(name)}`;
}

/** A text as an expression that no sql_mode reads in another way. */
export function text(value: string): string {
  if (value === '') return "''";
  return `CONVERT(0x${Buffer.from(value, 'utf8').toString('hex')} USING utf8mb4)`;
}

/** A list for `IN (…)`, compared by bytes: `WHERE BINARY name IN …` needs no collation. */
export function binaryList(values: readonly string[]): string {
  return `(${values.map((value) => `0x${Buffer.from(value, 'utf8').toString('hex')}`).join(', ')})`;
}

/** Undoes what the client does to a column in batch mode. */
export function unescapeColumn(column: string): string {
  return column.includes('\\') ? column.replaceAll(/\\([tn0\\])/g, (_, kind: string) => ESCAPES[kind] ?? kind) : column;
}

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', 0: '\0', '\\': '\\' };
