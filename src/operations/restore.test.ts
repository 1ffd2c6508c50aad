import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { openWorkshop, type Workshop } from '../../test/fixtures/opened.ts';
import { SuretyError } from '../base/errors.ts';
import { backup } from './backup.ts';
import { type RestoreItem, type RestoreRequest, restore } from './restore.ts';

describe('restore', () => {
  let workshop: Workshop;
  let items: RestoreItem[] = [];
  let targets = 0;

  before(async () => {
    workshop = openWorkshop();
    const repository = await workshop.repository('vault');
    const sources = [workshop.source('a', { 'shared/x': 'from a' }), workshop.source('b', { y: 'from b' })];
    const startedAt = new Date();
    const run = { job: '', recoveryPoint: 'P', startedAt, force: false };
    const report = await backup({ ...run, sources, repositories: [repository] }, workshop.how());
    items = report.members.map(({ snapshot }, at) => ({ repository, snapshot: snapshot!, source: sources[at]! }));
  });
  after(() => workshop[Symbol.asyncDispose]());

  function request(given: Partial<RestoreRequest> = {}): RestoreRequest {
    return {
      runId: 'R',
      items,
      target: join(workshop.folder, `target ${++targets}`),
      conflict: 'refuse',
      select: undefined,
      dryRun: false,
      decision: 'replace-nothing',
      ...given,
    };
  }

  test('the members of a recovery point restore into one new folder, side by side', async () => {
    const asked = request();
    const report = await restore(asked, workshop.how());
    assert.equal(report.outcome, 'ok');
    assert.equal(readFileSync(join(asked.target!, 'a', 'shared', 'x'), 'utf8'), 'from a');
    assert.equal(readFileSync(join(asked.target!, 'b', 'y'), 'utf8'), 'from b');
  });

  test('what could replace something is refused unless somebody has confirmed it', async () => {
    for (const given of [{ target: undefined }, { conflict: 'overwrite' }, { conflict: 'newer' }] as const) {
      await assert.rejects(restore(request(given), workshop.how()), { code: 'restore.unconfirmed' });
    }
    writeFileSync(join(workshop.folder, 'b', 'y'), 'broken');
    const report = await restore(
      request({ target: undefined, conflict: 'overwrite', decision: 'confirmed' }),
      workshop.how(),
    );
    assert.equal(report.outcome, 'ok');
    assert.equal(readFileSync(join(workshop.folder, 'b', 'y'), 'utf8'), 'from b');
  });

  test('when one member would be refused, nothing of any member is written', async () => {
    const asked = request();
    mkdirSync(asked.target!);
    writeFileSync(join(asked.target!, 'mine'), 'precious');
    await assert.rejects(restore(asked, workshop.how()), { code: 'target.not-empty' });
    assert.deepEqual(readdirSync(asked.target!), ['mine']);
  });

  test('a dry run needs no confirmation, writes nothing and tells what would be done', async () => {
    const asked = request({ dryRun: true, conflict: 'overwrite' });
    const report = await restore(asked, workshop.how());
    assert.equal(existsSync(asked.target!), false);
    assert.deepEqual(
      report.items.flatMap((item) => item.report?.plan.map(({ path }) => path.slice(asked.target!.length + 1))),
      ['a', 'a/shared', 'a/shared/x', 'b', 'b/y'],
    );
  });

  test('a path need only be in one member of the point', async () => {
    const asked = request({ select: ['b/y'] });
    const report = await restore(asked, workshop.how());
    assert.deepEqual(
      report.items.map(({ source }) => source),
      ['b'],
    );
    assert.deepEqual(readdirSync(asked.target!), ['b']);
    await assert.rejects(restore(request({ select: ['c'] }), workshop.how()), { code: 'snapshot.path-missing' });
  });

  test('damage in one member is reported and the others are restored all the same; in place, none is', async () => {
    const own = openWorkshop();
    await using _ = own;
    const repository = await own.repository('damaged');
    const sources = [own.source('a', { x: 'one'.repeat(1000) }), own.source('b', { y: 'two'.repeat(1000) })];
    const members: RestoreItem[] = [];
    const packs: string[][] = [];
    for (const source of sources) {
      const run = { job: '', recoveryPoint: source.name, startedAt: new Date(), force: false };
      const report = await backup({ ...run, sources: [source], repositories: [repository] }, own.how());
      members.push({ repository, snapshot: report.members[0]!.snapshot!, source });
      packs.push((await Array.fromAsync(repository.store.list('data/', own.how()))).map(({ key }) => key));
    }
    for (const key of packs[0]!) {
      const bytes = await repository.store.read(key, undefined, own.how());
      if (bytes.length < 200) continue;
      bytes[40] = bytes[40]! ^ 1;
      await repository.store.put(key, bytes, own.how());
    }
    const target = join(own.folder, 'target');
    const report = await restore(request({ target, items: members }), own.how());
    assert.deepEqual(
      report.items.map(({ outcome }) => outcome),
      ['failed', 'ok'],
    );
    assert.equal(report.outcome, 'failed');
    assert.equal(readFileSync(join(target, 'b', 'y'), 'utf8'), 'two'.repeat(1000));

    for (const key of packs[0]!) await repository.store.delete(key, own.how());
    writeFileSync(join(own.folder, 'b', 'y'), 'newer');
    const inPlace = { target: undefined, conflict: 'overwrite', decision: 'confirmed' } as const;
    await assert.rejects(restore(request({ ...inPlace, items: members.toReversed() }), own.how()), SuretyError);
    assert.equal(readFileSync(join(own.folder, 'b', 'y'), 'utf8'), 'newer');
  });

  test('a database that is among the files of another member comes from its own, and nothing foreign is put beside it', async () => {
    const own = openWorkshop();
    await using _ = own;
    const repository = await own.repository('vault');
    const files = own.source('docs', { x: 'x', 'app.db-old': 'mine' });
    const database = new DatabaseSync(join(own.folder, 'docs', 'app.db'));
    database.exec('PRAGMA journal_mode = wal; CREATE TABLE users (name); INSERT INTO users VALUES (1)');
    const run = { job: '', recoveryPoint: 'P', startedAt: new Date(), force: false };
    const sources = [own.database('app', 'docs/app.db'), files];
    const report = await backup({ ...run, sources, repositories: [repository] }, own.how());
    const members = report.members.map(({ snapshot }, at) => ({
      repository,
      snapshot: snapshot!,
      source: sources[at]!,
    }));
    database.close();

    const target = join(own.folder, 'target');
    const inPlace = { target: undefined, conflict: 'overwrite', decision: 'confirmed' } as const;
    for (const given of [{ target }, inPlace, { ...inPlace, select: ['docs/app.db-wal'] }]) {
      const restored = await restore(request({ items: members, ...given }), own.how());
      assert.equal(restored.outcome, 'ok');
      assert.ok(restored.items.at(-1)?.report?.notes[0]?.includes('left to source app'));
      const folder = join(given.target ?? own.folder, 'docs');
      const names = readdirSync(folder).filter((name) => !name.includes('.before-restore-'));
      assert.deepEqual(names, ['app.db', 'app.db-old', 'x']);
      using copy = new DatabaseSync(join(folder, 'app.db'));
      assert.equal(copy.prepare('SELECT count(*) AS rows FROM users').get()?.rows, 1);
    }
  });
});
