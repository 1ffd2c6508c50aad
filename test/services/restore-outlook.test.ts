/** What a restore would be refused for is told by `surety check` and dry runs, and what restores left is listed. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type MariadbServer, startMariadb } from '../fixtures/mariadb-server.ts';
import { type PostgresServer, startPostgres } from '../fixtures/postgres-server.ts';
import { skipWithout } from '../fixtures/programs.ts';
import type { Surety } from '../fixtures/surety.ts';
import { suretyHere } from '../fixtures/surety-here.ts';

interface CheckDocument {
  readonly outcome: string;
  readonly checks: readonly {
    readonly what: string;
    readonly status: string;
    readonly detail: string;
    readonly hint?: string;
  }[];
}

interface OldDocument {
  readonly sources: readonly { readonly databases: readonly { readonly name: string; readonly state: string }[] }[];
  readonly safetyDumps: readonly { readonly file: string; readonly sizeBytes: number }[];
}

/** A configuration with one database, in a folder of its own. */
async function configured(source: string, env: Record<string, string>): Promise<{ surety: Surety; folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'surety-outlook-'));
  const rest =
    'repositories:\n  vault: { type: archive, store: file:vault }\njobs:\n  all: { sources: [shop], to: [vault] }\n';
  writeFileSync(join(folder, 'surety.yaml'), `sources:\n  shop: ${source}\n${rest}`);
  const surety = suretyHere(folder, { SHOP_PASSWORD: 'of the shop', ...env });
  await surety.run('init');
  return { surety, folder };
}

async function restorable(surety: Surety) {
  const { code, stdout } = await surety.attempt('--json', 'check');
  assert.equal(code, 0, stdout);
  return (JSON.parse(stdout) as CheckDocument).checks.find(({ what }) => what === 'restorable')!;
}

async function listOld(surety: Surety): Promise<OldDocument> {
  return JSON.parse(await surety.run('--json', 'restore', '--list-old')) as OldDocument;
}

/** Replaces the database by a swap and in place, and finds what both left. */
async function expectOldListed(surety: Surety): Promise<void> {
  assert.match(await surety.run('restore', '--list-old'), /^Earlier restores left nothing\.$/m);
  await surety.run('restore', 'latest', '--force');
  await surety.run('restore', 'latest', '--force', '--in-place');
  const { sources, safetyDumps } = await listOld(surety);
  const [kept, ...others] = sources[0]?.databases ?? [];
  assert.match(kept?.name ?? '', /^shop_before_\d{8}_\d{6}$/);
  assert.equal(kept?.state, 'kept');
  assert.equal(others.length, 0);
  assert.equal(safetyDumps.length, 1);
  assert.ok(safetyDumps[0]!.sizeBytes > 0);
  const text = await surety.run('restore', '--list-old');
  assert.ok(text.includes(kept!.name) && text.includes(safetyDumps[0]!.file), text);
  assert.match(text, /1 database, 1 safety dump/);
  assert.match(await surety.run('check'), /1 database of earlier restores, .*surety restore --list-old/);
}

describe('what a restore into PostgreSQL would meet', { skip: skipWithout('pg_ctl') }, () => {
  let server: PostgresServer;
  let surety: Surety;
  let folder = '';
  before(async () => {
    server = await startPostgres();
    await server.sql("CREATE ROLE shopkeeper LOGIN PASSWORD 'of the shop'; CREATE ROLE owners");
    await server.sql('CREATE DATABASE shop OWNER owners');
    await server.sql(
      'CREATE TABLE goods (id int); INSERT INTO goods VALUES (1); ALTER TABLE goods OWNER TO owners; GRANT SELECT ON goods TO shopkeeper',
      'shop',
    );
    const source = `{ type: postgres, database: shop, server: 127.0.0.1, port: ${server.port}, user: shopkeeper, password: { env: SHOP_PASSWORD } }`;
    ({ surety, folder } = await configured(source, { PATH: `${server.bin}:${process.env.PATH}` }));
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  test('a role that may only read is told what a restore needs, by surety check and by a dry run, and then nothing is in the way', async () => {
    const first = await restorable(surety);
    assert.equal(first.status, 'note');
    assert.match(first.detail, /^the role shopkeeper may not create databases/);
    assert.match(first.hint ?? '', /ALTER ROLE "shopkeeper" CREATEDB/);
    await surety.run('backup');
    const dry = await surety.attempt('restore', 'latest', '--dry-run');
    assert.equal(dry.code, 1);
    assert.match(dry.stdout + dry.stderr, /may not create databases/);
    await server.sql('ALTER ROLE shopkeeper CREATEDB');
    const second = await restorable(surety);
    assert.match(second.detail, /database shop belongs to owners, and the role shopkeeper is no member of it/);
    assert.equal(second.hint, 'GRANT "owners" TO "shopkeeper"; or restore as another user');
    await server.sql('GRANT owners TO shopkeeper');
    assert.equal((await restorable(surety)).status, 'ok');
    await expectOldListed(surety);
  });
});

describe('what a restore into MariaDB would meet', { skip: skipWithout('mariadbd', 'mariadb-dump') }, () => {
  const READ = 'SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES';
  const USER = "'shopkeeper'@'127.0.0.1'";
  let server: MariadbServer;
  let surety: Surety;
  let folder = '';
  before(async () => {
    server = await startMariadb();
    await server.sql(
      `CREATE DATABASE shop; CREATE USER ${USER} IDENTIFIED BY 'of the shop'; GRANT ${READ} ON shop.* TO ${USER}; GRANT SELECT ON mysql.proc TO ${USER}`,
    );
    await server.sql('CREATE TABLE goods (id int); INSERT INTO goods VALUES (1)', 'shop');
    const source = `{ type: mysql, database: shop, server: 127.0.0.1, port: ${server.port}, user: shopkeeper, password: { env: SHOP_PASSWORD } }`;
    ({ surety, folder } = await configured(source, {}));
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  test('a user who may only read is told what a restore needs, and the grants that are named are enough', async () => {
    const first = await restorable(surety);
    assert.equal(first.status, 'note');
    assert.match(first.detail, /lacks the rights INSERT, CREATE, DROP and ALTER on database shop$/);
    await surety.run('backup');
    for (const place of [[], ['--in-place'], ['--as', 'copy']]) {
      const dry = await surety.attempt('restore', 'latest', '--dry-run', ...place);
      assert.equal(dry.code, 1);
      assert.match(dry.stdout + dry.stderr, /lacks the rights/);
    }
    await server.sql(`GRANT INSERT, CREATE, DROP, ALTER ON shop.* TO ${USER}`);
    await surety.run('restore', 'latest', '--dry-run', '--in-place');
    const second = await restorable(surety);
    assert.match(second.detail, /on databases beside shop, which a restore makes$/);
    const grants = second.hint!.split('; ').filter((one) => one.startsWith('GRANT'));
    await server.sql(grants.join('; '));
    assert.equal((await restorable(surety)).status, 'ok');
    await expectOldListed(surety);
  });

  test('what a role brings is not taken for missing', async () => {
    await server.sql(`REVOKE ALL ON shop.* FROM ${USER}; REVOKE ALL ON \`shop\\_%\`.* FROM ${USER}`);
    await server.sql(`CREATE ROLE keeper; GRANT ALL ON *.* TO keeper; GRANT keeper TO ${USER}`);
    await server.sql(`SET DEFAULT ROLE keeper FOR ${USER}`);
    assert.equal((await restorable(surety)).status, 'ok');
  });
});
