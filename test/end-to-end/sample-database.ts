import { DatabaseSync } from 'node:sqlite';

/** A WAL database with two tables; the same each time. */
export function makeDatabase(path: string): void {
  using database = openDatabase(path);
  database.exec(`PRAGMA journal_mode = WAL;
    CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, photo BLOB);
    CREATE TABLE visits (person INTEGER REFERENCES people, at REAL, note TEXT);`);
  const person = database.prepare('INSERT INTO people (name, photo) VALUES (?, ?)');
  const visit = database.prepare('INSERT INTO visits VALUES (?, ?, ?)');
  database.exec('BEGIN');
  for (let number = 1; number <= 500; number++) {
    person.run(`person ${number}`, Buffer.alloc(300, number % 256));
    visit.run(number, number / 7, number % 3 === 0 ? null : `visit ${number}`);
  }
  database.exec('COMMIT');
}

/** Every row of every table, as text: equal for equal content. */
export function contentOf(path: string): string {
  using database = openDatabase(path);
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all();
  const rows = tables.map(({ name }) => [
    name,
    database.prepare(`SELECT rowid, * FROM "${name}" ORDER BY rowid`).all(),
  ]);
  return JSON.stringify(rows, (_key, value) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
  );
}

interface OpenedDatabase extends Disposable, Pick<DatabaseSync, 'exec' | 'prepare'> {}

function openDatabase(path: string): OpenedDatabase {
  const database = new DatabaseSync(path);
  return {
    exec: (sql) => database.exec(sql),
    prepare: (sql) => database.prepare(sql),
    [Symbol.dispose]: () => database.close(),
  };
}
