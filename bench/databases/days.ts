/** A pgbench database and what happens to it in a day. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { PostgresServer } from '../../test/fixtures/postgres-server.ts';

export const DATABASE = 'bench';

export interface Day {
  readonly name: string;
  readonly title: string;
  /** The most that a day may add, as a part of the compressed dump; undefined: nothing is promised. */
  readonly limit: number | undefined;
  happen(server: PostgresServer): Promise<void>;
}

/** pgbench's own tables at `scale`, with fillers that are not blank and a history of a quarter of the accounts. */
export async function createDatabase(server: PostgresServer, scale: number): Promise<void> {
  await server.sql(`CREATE DATABASE ${DATABASE}`);
  execFileSync(join(server.bin, 'pgbench'), ['-q', '-i', '-s', String(scale), DATABASE], {
    env: { ...process.env, ...server.env },
    stdio: 'ignore',
  });
  const accounts = scale * 100_000;
  await server.sql(
    `UPDATE pgbench_accounts SET filler = md5(aid::text) || md5((aid * 7)::text);
     VACUUM FULL pgbench_accounts;
     INSERT INTO pgbench_history
       SELECT g % ${scale} + 1, g % ${scale * 10} + 1, g % ${accounts} + 1, g % 5000, '2026-01-01'::timestamp + g * interval '1 second', NULL
       FROM generate_series(1, ${accounts / 4}) g;`,
    DATABASE,
  );
}

export function daysOf(scale: number): readonly Day[] {
  const accounts = scale * 100_000;
  const part = accounts / 100;
  const history = accounts / 400;
  return [
    { name: 'nothing', title: 'nothing changed', limit: 0.005, happen: async () => {} },
    {
      name: 'newest',
      title: '1 % of rows inserted, the newest 1 % updated',
      limit: 0.1,
      happen: async (server) => {
        await server.sql(
          `INSERT INTO pgbench_accounts
             SELECT g, g % ${scale} + 1, 0, md5(g::text) || md5((g * 7)::text) FROM generate_series(${accounts + 1}, ${accounts + part}) g;
           UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid > ${accounts - part} AND aid <= ${accounts};
           INSERT INTO pgbench_history
             SELECT g % ${scale} + 1, g % ${scale * 10} + 1, g % ${accounts} + 1, g % 5000, '2026-02-01'::timestamp + g * interval '1 second', NULL
             FROM generate_series(1, ${history}) g;
           UPDATE pgbench_history SET delta = delta + 1
             WHERE mtime >= (SELECT min(mtime) FROM (SELECT mtime FROM pgbench_history ORDER BY mtime DESC LIMIT ${history * 2}) newest)
               AND mtime < '2026-02-01';`,
          DATABASE,
        );
      },
    },
    {
      name: 'random',
      title: '1 % of rows updated at random',
      limit: undefined,
      happen: async (server) => {
        await server.sql(
          `UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE abs(hashint4(aid)) % 100 = 37;
           UPDATE pgbench_history SET delta = delta + 1 WHERE abs(hashint4(aid)) % 100 = 37;`,
          DATABASE,
        );
      },
    },
  ];
}
