import { DatabaseSync } from 'node:sqlite';

export const ACCOUNTS = 1000;
export const OPENING_BALANCE = 10_000;

/** How many transfers a database that is being written to has by now. */
export function countTransfers(path: string): number {
  using database = new DatabaseSync(path, { readOnly: true, timeout: 10_000 });
  return Number(database.prepare('SELECT count(*) AS n FROM transfers').get()?.n);
}

/** Throws unless the database is whole and holds one consistent state. Returns its number of transfers. */
export function auditLedger(path: string): number {
  using database = new DatabaseSync(path, { readOnly: true });
  const value = (sql: string) => Object.values(database.prepare(sql).get() ?? {})[0];
  const facts: readonly (readonly [what: string, is: unknown, should: unknown])[] = [
    ['integrity check', value('PRAGMA integrity_check'), 'ok'],
    ['sum of balances', value('SELECT sum(balance) FROM accounts'), ACCOUNTS * OPENING_BALANCE],
    ['gaps between transfers', value('SELECT max(id) - count(*) FROM transfers'), 0],
    ['accounts that do not match their transfers', value(MISMATCHES), 0],
  ];
  for (const [what, is, should] of facts) {
    if (is !== should) throw new Error(`${path}: ${what} is ${String(is)} instead of ${String(should)}`);
  }
  return Number(value('SELECT count(*) FROM transfers'));
}

const MISMATCHES = `
  WITH moves AS (
    SELECT target AS account, amount FROM transfers UNION ALL SELECT source, -amount FROM transfers
  ), sums AS (
    SELECT account, sum(amount) AS amount FROM moves GROUP BY account
  )
  SELECT count(*) FROM accounts LEFT JOIN sums ON account = id
  WHERE balance <> ${OPENING_BALANCE} + coalesce(amount, 0)`;
