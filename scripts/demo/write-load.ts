/**
 * Writes to a SQLite database until its standard input ends: `node write-load.ts DATABASE`. Every transaction moves money between two accounts
 * and records that in `transfers`, so that any consistent state can be told from a torn one: the balances always add up to the same,
 * and the numbers of the transfers have no gap.
 */
import { DatabaseSync } from 'node:sqlite';
import { ACCOUNTS, OPENING_BALANCE } from './ledger.ts';

const database = new DatabaseSync(process.argv[2] ?? '');
database.exec(`
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL);
  CREATE TABLE transfers (
    id INTEGER PRIMARY KEY, source INTEGER NOT NULL, target INTEGER NOT NULL, amount INTEGER NOT NULL, note TEXT NOT NULL
  );
`);
const open = database.prepare('INSERT INTO accounts VALUES (?, ?)');
for (let id = 1; id <= ACCOUNTS; id++) open.run(id, OPENING_BALANCE);

const take = database.prepare('UPDATE accounts SET balance = balance - ? WHERE id = ?');
const give = database.prepare('UPDATE accounts SET balance = balance + ? WHERE id = ?');
const record = database.prepare('INSERT INTO transfers VALUES (?, ?, ?, ?, ?)');
let transfers = 0;
let running = true;

process.stdin.on('end', () => {
  running = false;
});
process.stdin.resume();
for (let id = 0; id < 20_000; id += 100) transfer(100);
process.stdout.write('ready\n');
write();

/** A few hundred transactions a second, leaving processor time for the backup. */
function write(): void {
  for (let round = 0; round < 5; round++) transfer(3);
  if (running) setTimeout(write, 10);
  else {
    database.close();
    process.stdout.write(`${transfers}\n`);
  }
}

function transfer(amounts: number): void {
  database.exec('BEGIN');
  for (let at = 0; at < amounts; at++) {
    const id = ++transfers;
    const [source, target] = [1 + (id % ACCOUNTS), 1 + ((id * 7 + 3) % ACCOUNTS)];
    take.run(id % 100, source);
    give.run(id % 100, target);
    record.run(id, source, target, id % 100, `transfer number ${id} of the demonstration`);
  }
  database.exec('COMMIT');
}
