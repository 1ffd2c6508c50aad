/** Which file of a snapshot holds which database. */

export const USERS_FILE = 'users.sql';

const ENDING = '.sql';

/**
 * The file of a database: its name with `.sql`. Bytes of characters that are trouble in file names, and of names that would be taken for
 * something else, are percent-encoded: {@link databaseOf} gives back every name exactly.
 */
export function entryNameOf(database: string): string {
  const plain = encode(database, /[\p{Cc}/\\%:*?"<>|]|^[.-]/gu);
  const taken = plain.toLowerCase() + ENDING === USERS_FILE;
  return (taken ? percent(plain[0]!) + plain.slice(1) : plain) + ENDING;
}

function encode(database: string, what: RegExp): string {
  return database.replaceAll(what, percent);
}

function percent(character: string): string {
  return [...Buffer.from(character, 'utf8')]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('');
}

/** The database of a file; undefined for the file of users and for what is no dump of a database. */
export function databaseOf(entryName: string): string | undefined {
  if (entryName === USERS_FILE || !entryName.endsWith(ENDING)) return undefined;
  try {
    return decodeURIComponent(entryName.slice(0, -ENDING.length));
  } catch {
    return undefined;
  }
}
