import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Held } from '../../src/sources/held.ts';
import { type PostgresServer, startPostgres } from '../fixtures/postgres-server.ts';
import { skipWithout } from '../fixtures/programs.ts';
import { giveBack, observe, postgresSource, SAMPLE, take } from './postgres-sample.ts';

const FORMATS = ['plain', 'custom', 'directory'] as const;

describe('a PostgreSQL database', { skip: skipWithout('pg_ctl') }, () => {
  let server: PostgresServer;
  let original: Record<string, string>;

  before(async () => {
    server = await startPostgres();
    process.env.TMPDIR = mkdtempSync(join(server.folder, 'tmp-'));
    await server.sql(`CREATE ROLE "odd role"; CREATE ROLE heir; CREATE DATABASE shop OWNER "odd role"`);
    await server.sql(
      `${SAMPLE}; GRANT SELECT ON customer TO "odd role"; ALTER TABLE purchase OWNER TO "odd role"`,
      'shop',
    );
    await server.sql(`COMMENT ON DATABASE shop IS 'it''s a \\ shop'; ALTER DATABASE shop SET search_path = audit, "$user", public;
      ALTER ROLE heir IN DATABASE shop SET work_mem = '7MB'; REVOKE CONNECT ON DATABASE shop FROM PUBLIC;
      GRANT CREATE, CONNECT ON DATABASE shop TO heir WITH GRANT OPTION; ALTER DATABASE shop CONNECTION LIMIT 33`);
    original = await observe(server, 'shop');
  });
  after(() => server?.[Symbol.asyncDispose]());

  const databases = async () =>
    (await server.sql(`SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1`)).split('\n');
  const drop = async (pattern: string) => {
    const names = (await databases()).filter((name) => new RegExp(pattern).test(name));
    for (const name of names) await server.sql(`DROP DATABASE "${name}" WITH (FORCE)`);
    return names;
  };
  const described = () =>
    server.sql(`SELECT pg_get_userbyid(datdba), ARRAY(SELECT unnest(datacl)::text ORDER BY 1), datconnlimit, shobj_description(d.oid, 'pg_database'), setconfig, setrole::regrole
      FROM pg_database d JOIN pg_db_role_setting ON setdatabase = d.oid WHERE datname = 'shop' ORDER BY setrole`);

  for (const format of FORMATS) {
    test(`in format ${format} comes back with everything that is in it, and the old one is kept`, async () => {
      const source = postgresSource(server, {
        database: 'shop',
        format,
        ...(format === 'directory' ? { jobs: 2 } : {}),
      });
      const held = await take(source);
      assert.deepEqual(held.warnings, []);
      const description = await described();
      await server.sql('DELETE FROM purchase; DROP VIEW spending CASCADE', 'shop');
      const report = await giveBack(source, held);
      assert.deepEqual(await observe(server, 'shop'), original);
      assert.equal(await described(), description);
      assert.deepEqual(
        report.checks.map(({ what, ok }) => [what, ok]),
        [
          ['fingerprint of shop', true],
          ['previous database', true],
        ],
      );
      assert.match(report.checks[0]?.detail ?? '', /^as recorded: 6 tables, 1006 rows$/);
      const [kept = '', ...more] = await drop('^shop_before_');
      assert.match(kept, /^shop_before_\d{8}_\d{6}$/);
      assert.deepEqual(more, []);
      assert.equal(report.checks[1]?.detail, `kept as ${kept}`);
      assert.deepEqual(await databases(), ['postgres', 'shop']);
    });
  }

  test('has the same fingerprint in every format, and from one time to the next', async () => {
    const [first, ...others] = await Promise.all(
      [...FORMATS, 'plain'].map(
        async (format) => (await take(postgresSource(server, { database: 'shop', format }))).facts,
      ),
    );
    for (const other of others) assert.deepEqual(other.fingerprint, first?.fingerprint);
    assert.equal(first?.fingerprint?.tables.length, 6);
    const counts = await take(postgresSource(server, { database: 'shop', fingerprint: 'counts' }));
    assert.deepEqual(
      counts.facts.fingerprint?.tables,
      first?.fingerprint?.tables.map(({ name, rows }) => ({ name, rows })),
    );
    const off = await take(postgresSource(server, { database: 'shop', fingerprint: 'off' }));
    assert.equal(off.facts.fingerprint, undefined);
  });

  test('is dumped without compression, and plain SQL is as psql reads it', async () => {
    const held = await take(postgresSource(server, { database: 'shop' }));
    const [entry] = held.entries;
    assert.deepEqual([entry?.path, entry?.type, entry?.mode], ['shop.sql', 'file', 0o600]);
    const text = Buffer.from(held.contents.get('shop.sql') ?? []).toString('utf8');
    assert.match(text, /^COPY public\.customer \(id, name, mood, extra, born\) FROM stdin;$/m);
    await server.sql('CREATE DATABASE by_hand TEMPLATE template0');
    await server.sql(text, 'by_hand');
    assert.deepEqual(await observe(server, 'by_hand'), original);
    await drop('^by_hand$');
    const custom = await take(postgresSource(server, { database: 'shop', format: 'custom' }));
    assert.ok(Buffer.from(custom.contents.get('shop.dump') ?? []).includes('Größe 77'));
  });

  test('goes beside the original under another name, which must be free', async () => {
    const source = postgresSource(server, { database: 'shop', format: 'custom' });
    const held = await take(source);
    await giveBack(source, held, { as: 'shop copy' });
    assert.deepEqual(await observe(server, 'shop copy'), original);
    assert.deepEqual(await databases(), ['postgres', 'shop', 'shop copy']);
    await assert.rejects(giveBack(source, held, { as: 'shop copy' }), { code: 'target.exists', message: /shop copy/ });
    await drop('^shop copy$');
  });

  test('whose name is free is made, and one that is replaced can be removed', async () => {
    const source = postgresSource(server, { database: 'shop' });
    const held = await take(source);
    await drop('^shop$');
    const made = await giveBack(source, held);
    assert.deepEqual(
      made.checks.map(({ what }) => what),
      ['fingerprint of shop'],
    );
    assert.deepEqual(await observe(server, 'shop'), original);
    await giveBack(source, held, { dropOld: true });
    assert.deepEqual(await databases(), ['postgres', 'shop']);
    assert.deepEqual(await observe(server, 'shop'), original);
  });

  for (const format of ['plain', 'custom']) {
    test(`in format ${format} goes into the database that is there, after a safety dump`, async () => {
      const source = postgresSource(server, { database: 'shop', format });
      const held = await take(source);
      await server.sql('DELETE FROM purchase; CREATE TABLE later (x int); SELECT lo_unlink(4712)', 'shop');
      const id = await server.sql(`SELECT oid FROM pg_database WHERE datname = 'shop'`);
      const report = await giveBack(source, held, { inPlace: true });
      assert.deepEqual(await observe(server, 'shop'), original);
      assert.equal(await server.sql(`SELECT oid FROM pg_database WHERE datname = 'shop'`), id);
      const path = /is in (\S+);/.exec(report.notes.join())?.[1] ?? '';
      assert.equal(statSync(path).mode & 0o777, 0o600);
      await giveBack(source, await safetyDump(source, path), { as: 'safe' });
      assert.equal(await server.sql(`SELECT count(*) FROM later`, 'safe'), '0');
      await drop('^safe$');
    });
  }

  /** A file as a snapshot that nothing is known of. */
  async function safetyDump(source: ReturnType<typeof postgresSource>, path: string): Promise<Held> {
    const held = await take(source);
    const [entry] = held.entries;
    assert.ok(entry !== undefined);
    const contents = new Map([['shop.dump', readFileSync(path)]]);
    return {
      entries: [{ ...entry, path: 'shop.dump', type: 'file', handle: 'shop.dump' }],
      contents,
      facts: { ...held.facts, fingerprint: undefined },
    };
  }

  test('that can not be restored in place stays as it was', async () => {
    const source = postgresSource(server, { database: 'shop' });
    const held = await take(source);
    const text = Buffer.from(held.contents.get('shop.sql') ?? []).toString('utf8');
    const broken = text.replace(
      'CREATE VIEW public.spending AS',
      'CREATE VIEW public.spending AS SELECT 1 FROM nowhere;',
    );
    assert.notEqual(broken, text);
    const contents = new Map([['shop.sql', Buffer.from(broken)]]);
    const error = await giveBack(source, { ...held, contents }, { inPlace: true }).catch((thrown) => thrown);
    assert.equal(error.code, 'target.failed');
    assert.match(error.message, /relation "nowhere" does not exist/);
    assert.match(error.hint, /what was there before is also in .*shop\.dump/);
    assert.deepEqual(await observe(server, 'shop'), original);
  });

  test('gives back single tables with their keys, into the database that is there or beside it', async () => {
    const source = postgresSource(server, { database: 'shop' });
    const held = await take(source);
    await server.sql(`DELETE FROM purchase; DELETE FROM reading; UPDATE customer SET name = 'changed ' || id`, 'shop');
    await giveBack(source, held, { inPlace: true, tables: ['purchase', 'public.reading'] }).then(
      () => assert.fail('a view needs the table'),
      (error) => assert.match(error.message, /cannot drop .* because other objects depend on it/),
    );
    await server.sql('DROP VIEW spending CASCADE', 'shop');
    await giveBack(source, held, { inPlace: true, tables: ['purchase', 'public.reading'] });
    assert.equal(await server.sql(`SELECT * FROM purchase ORDER BY 1`, 'shop'), original.purchases);
    assert.equal(await server.sql(`SELECT tableoid::regclass, * FROM reading ORDER BY 2`, 'shop'), original.readings);
    assert.equal(await server.sql(`SELECT count(*) FROM customer WHERE name LIKE 'changed %'`, 'shop'), '200');
    assert.match(
      await server.sql(`SELECT indexdef FROM pg_indexes WHERE tablename = 'purchase'`, 'shop'),
      /purchase_pkey(.|\n)*purchase_at_idx/,
    );
    await giveBack(source, held, { as: 'part', tables: ['audit.*'] });
    const tables = `SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'v', 'm') AND relnamespace IN ('public'::regnamespace, 'audit'::regnamespace)`;
    assert.equal(await server.sql(tables, 'part'), '1');
    await assert.rejects(giveBack(source, held, { as: 'part3', tables: ['purchas'] }), {
      code: 'target.failed',
      message: /no table purchas$/,
      hint: /public\.purchase/,
    });
    await assert.rejects(giveBack(source, held, { tables: ['purchase'] }), { message: /can not take the place/ });
    await giveBack(source, held, { dropOld: true });
    assert.deepEqual(await drop('^part'), ['part']);
    assert.deepEqual(await databases(), ['postgres', 'shop']);
  });

  test('can be given to another owner, for whom its roles are not needed', async () => {
    const source = postgresSource(server, { database: 'shop', format: 'custom', no_privileges: true });
    const held = await take(source);
    await server.sql('ALTER ROLE heir SUPERUSER');
    await giveBack(source, held, { as: 'inherited', owner: 'heir' });
    const owners = `SELECT DISTINCT relowner::regrole FROM pg_class WHERE relnamespace = 'public'::regnamespace`;
    assert.equal(await server.sql(owners, 'inherited'), 'heir');
    assert.equal(
      await server.sql(`SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'inherited'`),
      'heir',
    );
    await assert.rejects(
      giveBack(postgresSource(server, { database: 'shop' }), await take(postgresSource(server, { database: 'shop' })), {
        as: 'x',
        owner: 'heir',
      }),
      {
        message: /is plain SQL, in which owners can not be changed/,
        hint: /format: custom/,
      },
    );
    await drop('^inherited$');
  });

  const choices: readonly (readonly [choice: Readonly<Record<string, unknown>>, tables: readonly string[]])[] = [
    [
      { schemas: ['PUB*'], exclude_tables: ['customer', 'purchase', 'spending*'] },
      ['public.nothing', 'public.reading_2025', 'public.reading_2026'],
    ],
    [{ schemas: ['audit'] }, ['audit."odd ""table"".name/x"']],
    [{ tables: ['audit."odd ""table"".name/x"', 'nothing'] }, ['audit."odd ""table"".name/x"', 'public.nothing']],
    [
      { exclude_tables: ['purchase', 'spending*', 'reading_2025'] },
      ['audit."odd ""table"".name/x"', 'public.customer', 'public.nothing', 'public.reading_2026'],
    ],
  ];
  for (const [choice, tables] of choices) {
    test(`can be backed up in parts, ${JSON.stringify(choice)}, of which nothing else is expected back`, async () => {
      const source = postgresSource(server, { database: 'shop', ...choice });
      const held = await take(source);
      assert.deepEqual(
        held.facts.fingerprint?.tables.map(({ name }) => name),
        tables,
      );
      await giveBack(source, held, { as: 'part' });
      await assert.rejects(giveBack(source, held, { inPlace: true }), { message: /has only a part of database shop/ });
      await drop('^part$');
    });
  }

  test('of which there is no such part says so', async () => {
    const source = postgresSource(server, { database: 'shop', tables: ['nowhere'] });
    await assert.rejects(take(source), { code: 'source.missing', message: /there are no tables nowhere/ });
  });

  test('leaves nothing behind when its restore is interrupted', async () => {
    const source = postgresSource(server, { database: 'shop' });
    const held = await take(source);
    const reason = new Error('stopped');
    const stop = new AbortController();
    const progress = () => stop.abort(reason);
    await assert.rejects(giveBack(source, held, {}, { signal: stop.signal, progress }), reason);
    assert.deepEqual(await databases(), ['postgres', 'shop']);
  });

  test('is planned in a dry run, and left alone where nothing may be replaced', async () => {
    const source = postgresSource(server, { database: 'shop' });
    const held = await take(source);
    const plan = await giveBack(source, held, {}, { dryRun: true });
    assert.deepEqual(plan.plan, [{ path: 'database shop', action: 'overwrite' }]);
    assert.equal(plan.files, 1);
    assert.ok(plan.sizeBytes > 0);
    assert.match(plan.notes.join('\n'), /the old one is kept under a dated name/);
    await assert.rejects(giveBack(source, held, {}, { conflict: 'refuse' }), { code: 'target.exists' });
    assert.equal((await giveBack(source, held, {}, { conflict: 'skip' })).skipped, 1);
    assert.deepEqual(await databases(), ['postgres', 'shop']);
  });

  test('leaves nothing in the folder for temporary files', async () => {
    assert.deepEqual(readdirSync(process.env.TMPDIR ?? ''), []);
  });
});
