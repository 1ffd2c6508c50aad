import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { openWorkshop, type Workshop } from '../../test/fixtures/opened.ts';
import { type ServerSource, serverSource } from '../../test/fixtures/server-source.ts';
import { SuretyError } from '../base/errors.ts';
import type { Snapshot } from '../engines/engine.ts';
import { backup } from './backup.ts';
import type { RestoreItem } from './handles.ts';
import { locate } from './locate.ts';
import type { RestoreJournal, UnfinishedRestore } from './restore/restore-journal.ts';
import { resumedRequest, resumeRestore } from './restore/resume.ts';
import { type RestoreReport, type RestoreRequest, restore } from './restore.ts';

type Repository = Awaited<ReturnType<Workshop['repository']>>;

/** More than one chunk of it would fit into a pack of trees. */
const LONG = 'from the files '.repeat(100);

describe('a recovery point of a database in a server and of files, in two repositories', () => {
  let workshop: Workshop;
  let repositories: Repository[];
  let db: ServerSource;
  let files: ReturnType<Workshop['source']>;
  let items: RestoreItem[];

  const saved = new Map<Repository, Map<string, Uint8Array>>();

  before(async () => {
    workshop = openWorkshop();
    repositories = [await workshop.repository('vault'), await workshop.repository('copy')];
    db = serverSource(workshop.source('db', { 'dump.sql': 'CREATE TABLE users' }));
    files = workshop.source('media', { a: LONG, b: 'other' });
    const run = { job: '', recoveryPoint: '20261120T030700Z-aaaa', startedAt: new Date(), force: false };
    await backup({ ...run, sources: [files, db], repositories }, workshop.how());
    for (const repository of repositories) saved.set(repository, await contentsOf(repository));
  });
  after(() => workshop[Symbol.asyncDispose]());

  /** All as it was after the backup. */
  beforeEach(async () => {
    for (const [{ store }, contents] of saved) {
      for (const { key } of await Array.fromAsync(store.list('', workshop.how())))
        await store.delete(key, workshop.how());
      for (const [key, bytes] of contents) await store.put(key, bytes, workshop.how());
    }
    workshop.source('media', { a: LONG, b: 'other' });
    Object.assign(db, { restored: new Map(), calls: [], fails: undefined });
    items = await itemsOf('20261120T030700Z-aaaa');
  });

  async function contentsOf({ store }: Repository): Promise<Map<string, Uint8Array>> {
    const how = workshop.how();
    const contents = new Map<string, Uint8Array>();
    for (const { key } of await Array.fromAsync(store.list('', how)))
      contents.set(key, await store.read(key, undefined, how));
    return contents;
  }

  async function itemsOf(id: string): Promise<RestoreItem[]> {
    const { members } = await locate({ id }, repositories, workshop.how());
    return members.map((member) => ({ ...member, source: member.snapshot.source === 'db' ? db : files }));
  }

  function request(given: Partial<RestoreRequest> = {}): RestoreRequest {
    const plain = { runId: 'R', items, target: undefined, select: undefined, dryRun: false } as const;
    return { ...plain, conflict: 'changed', decision: 'confirmed', ...given };
  }

  const outcomes = ({ items: restored }: RestoreReport) =>
    restored.map(({ source, outcome }) => `${source} ${outcome}`);
  const warningsOf = ({ items: restored }: RestoreReport) =>
    restored.flatMap(({ warnings }) => warnings.map(({ message }) => message));
  const media = () => items.find(({ source }) => source === files)!;

  /** Flips a bit in each pack of content, or of everything. */
  async function damage({ store }: Repository, what: 'flip' | 'remove'): Promise<void> {
    const how = workshop.how();
    for (const { key } of await Array.fromAsync(store.list('data/', how))) {
      const bytes = await store.read(key, undefined, how);
      if (what === 'flip') bytes[40] = bytes[40]! ^ 1;
      if (what === 'flip') await store.put(key, bytes, how);
      else await store.delete(key, how);
    }
  }

  /** Flips a bit of one file's content, so that the look at what would be done finds nothing. */
  async function damageContent({ store, engine }: Repository): Promise<void> {
    const how = { ...workshop.how(), progress: () => {} };
    const snapshot = (await engine.list(how)).snapshots.find(({ source }) => source === 'media')?.id ?? '';
    for (const { key } of await Array.fromAsync(store.list('data/', how))) {
      const bytes = await store.read(key, undefined, how);
      await store.put(
        key,
        bytes.map((byte, at) => (at === 40 ? byte ^ 1 : byte)),
        how,
      );
      const whole = (depth: 'structure' | 'data') => engine.verify({ ...how, depth, snapshots: [snapshot] });
      const { problems } = await whole('structure');
      if (problems.length === 0 && (await whole('data')).problems.length > 0) return;
      await store.put(key, bytes, how);
    }
    assert.fail('there is no content');
  }

  test('the database comes first, and takes the place of the old one in a new one that is swapped in', async () => {
    writeFileSync(join(workshop.folder, 'media', 'a'), 'broken');
    const how = workshop.how();
    const report = await restore(request(), how);
    assert.deepEqual(outcomes(report), ['db ok', 'media ok']);
    assert.deepEqual(
      report.items.map(({ intoServer }) => intoServer),
      [true, false],
    );
    assert.deepEqual(db.calls, [{ inPlace: false, dropOld: false }]);
    assert.deepEqual([...db.restored.values()], ['CREATE TABLE users']);
    assert.equal(readFileSync(join(workshop.folder, 'media', 'a'), 'utf8'), LONG);
    const amounts = how.events.flatMap((event) =>
      event.type === 'step.progress' && event.step.source === 'db' ? [event.progress] : [],
    );
    assert.deepEqual(amounts.at(-1), { phase: 'write', items: 1, sizeBytes: 18, totalItems: 1, totalBytes: 18 });
  });

  test('without a yes no database is replaced; one beside it needs none', async () => {
    const one = items.slice(0, 1);
    await assert.rejects(restore(request({ items: one, decision: 'replace-nothing' }), workshop.how()), {
      code: 'restore.unconfirmed',
    });
    const server = { inPlace: false, dropOld: false, as: 'beside' };
    const beside = request({ items: one, decision: 'replace-nothing', server });
    assert.equal((await restore(beside, workshop.how())).outcome, 'ok');
    assert.deepEqual(db.calls, [server]);
  });

  test('a member that its repository has lost comes from the next, which is said', async () => {
    assert.deepEqual(
      items.map(({ repository, copies }) => [repository.name, ...copies!.map((copy) => copy.repository.name)]),
      [
        ['vault', 'copy'],
        ['vault', 'copy'],
      ],
    );
    await damage(repositories[0]!, 'remove');
    for (const target of [undefined, join(workshop.folder, 'target')]) {
      const report = await restore(request({ items: [media()], target }), workshop.how());
      assert.deepEqual(outcomes(report), ['media warnings']);
      assert.match(warningsOf(report)[0]!, /^repository vault: .*; taken from repository copy$/);
    }
    assert.equal(readFileSync(join(workshop.folder, 'target', 'media', 'a'), 'utf8'), LONG);
  });

  test('a file that turns out to be damaged comes from the next repository', async () => {
    await damage(repositories[0]!, 'flip');
    const target = join(workshop.folder, 'mended');
    const report = await restore(request({ items: [media()], target, conflict: 'refuse' }), workshop.how());
    assert.deepEqual(outcomes(report), ['media warnings'], JSON.stringify(warningsOf(report)));
    assert.equal(readFileSync(join(target, 'media', 'a'), 'utf8'), LONG);
    assert.equal(readFileSync(join(target, 'media', 'b'), 'utf8'), 'other');
    assert.deepEqual(report.items[0]!.report!.failed, []);
    const into = await restore(request({ items: items.slice(0, 1) }), workshop.how());
    assert.deepEqual(outcomes(into), ['db warnings']);
    assert.deepEqual([...db.restored.values()], ['CREATE TABLE users']);
  });

  test('members that only together are complete are one point', async () => {
    const [vault, copy] = repositories;
    const idIn = async ({ engine }: Repository, source: string) =>
      (await engine.list(workshop.how())).snapshots.find((one) => one.source === source)!.id;
    await vault!.engine.forget([await idIn(vault!, 'media')], workshop.how());
    await copy!.engine.forget([await idIn(copy!, 'db')], workshop.how());
    const latest = {
      latest: true,
      source: undefined,
      host: undefined,
      at: undefined,
      here: new Set(['here']),
    } as const;
    const { members } = await locate(latest, repositories, workshop.how());
    assert.deepEqual(
      members.map(({ repository, snapshot }) => [snapshot.source, repository.name]),
      [
        ['db', 'vault'],
        ['media', 'copy'],
      ],
    );
  });

  test('where files are replaced, stored bytes are read back first, and damage leaves all as it was', async () => {
    const files = ['a', 'b'].map((name) => join(workshop.folder, 'media', name));
    for (const file of files) writeFileSync(file, 'newer than the backup');
    for (const repository of repositories) await damageContent(repository);
    for (const select of [undefined, ['media/a', 'media/b']]) {
      const only = request({ items: [media()], select, conflict: 'overwrite' });
      await assert.rejects(restore(only, workshop.how()), { code: /^(repository|tree)\.damaged$/ });
      for (const file of files) assert.equal(readFileSync(file, 'utf8'), 'newer than the backup');
    }
    assert.deepEqual(db.calls, []);
  });

  test('into the database that is there, stored bytes are read back first too', async () => {
    for (const repository of repositories) await damage(repository, 'flip');
    const server = { inPlace: true, dropOld: false };
    await assert.rejects(restore(request({ items: items.slice(0, 1), server }), workshop.how()), SuretyError);
    assert.deepEqual(db.calls, []);
  });

  test('a target without the room is refused with both numbers before anything is written', async () => {
    const spaceAt = async () => ({ device: '1', freeBytes: 1024 });
    const target = join(workshop.folder, 'small');
    for (const some of [[media()], items]) {
      await assert.rejects(restore(request({ items: some, target, spaceAt }), workshop.how()), {
        code: 'target.full',
        message: /the restore needs 1\.4\d KiB at .*small, and 1 KiB are free there/,
      });
      assert.equal(existsSync(target), false);
    }
    rmSync(join(workshop.folder, 'media'), { recursive: true });
    await assert.rejects(restore(request({ spaceAt }), workshop.how()), { code: 'target.full' });
    assert.deepEqual(db.calls, []);
  });

  describe('that fails in one member', () => {
    let kept: Map<string, UnfinishedRestore>;
    let journal: RestoreJournal;
    const failedToKeep = (error: unknown) => void reported.push(error);
    let reported: unknown[] = [];
    const placeOf = ({ source }: { readonly source: RestoreItem['source'] }) => `place of ${source.name}`;

    beforeEach(() => {
      kept = new Map();
      reported = [];
      journal = {
        list: () => [...kept.values()],
        save: (one) => void kept.set(one.id, one),
        remove: (id) => void kept.delete(id),
      };
      db.fails = new SuretyError('source.unreachable', 'the server does not answer');
    });

    const resumeHow = (given: object = {}) => ({
      ...workshop.how(),
      repositories,
      writerOf: ({ source }: { readonly source: string }) => (source === 'db' ? db : files),
      placeOf: ({ source }: { readonly source: string }) => `place of ${source}`,
      isThere: existsSync,
      ...given,
    });

    async function failOnce(target: string | undefined): Promise<UnfinishedRestore> {
      const conflict = target === undefined ? 'changed' : 'refuse';
      const report = await restore(
        request({ target, conflict, journal: { journal, placeOf, report: failedToKeep } }),
        workshop.how(),
      );
      assert.deepEqual(outcomes(report), ['db failed', 'media ok']);
      assert.equal(report.resumable, true);
      return [...kept.values()][0]!;
    }

    test('goes on with what is left, does nothing twice and is then forgotten', async () => {
      const record = await failOnce(undefined);
      db.fails = undefined;
      writeFileSync(join(workshop.folder, 'media', 'a'), 'written since');
      const resumed = await resumeRestore(record, resumeHow());
      const next = resumedRequest(record, resumed, { runId: 'S', decision: 'confirmed' });
      const report = await restore(
        { ...next, journal: { journal, placeOf, report: failedToKeep, resumed: record } },
        workshop.how(),
      );
      assert.deepEqual(outcomes(report), ['db ok']);
      assert.equal(report.resumable, false);
      assert.equal(readFileSync(join(workshop.folder, 'media', 'a'), 'utf8'), 'written since');
      assert.deepEqual([...kept], []);
    });

    test('restores all the rest also when the journal can not be written, and says so once', async () => {
      const full = new Error('no space left');
      journal = {
        ...journal,
        save() {
          throw full;
        },
      };
      const asked = request({ journal: { journal, placeOf, report: failedToKeep } });
      const { items: restored } = await restore(asked, workshop.how());
      assert.deepEqual(
        restored.map(({ outcome }) => outcome),
        ['failed', 'ok'],
      );
      assert.deepEqual(reported, [full]);
    });

    test('and was killed in another: that one is done again as well', async () => {
      const record = await failOnce(undefined);
      const begun: UnfinishedRestore = {
        ...record,
        members: record.members.map((one) => ({ ...one, state: 'begun' as const })),
      };
      const { items: left } = await resumeRestore(begun, resumeHow());
      assert.deepEqual(
        left.map(({ source }) => source.name),
        ['db', 'media'],
      );
    });

    test('a resumed restore that may replace something needs a yes again', async () => {
      const record = await failOnce(undefined);
      const resumed = await resumeRestore(record, resumeHow());
      const next = resumedRequest(record, resumed, { runId: 'S', decision: 'replace-nothing' });
      await assert.rejects(restore(next, workshop.how()), { code: 'restore.unconfirmed' });
    });

    test('a record that does not fit any more says why', async () => {
      const record = await failOnce(undefined);
      const moved = resumeHow({ placeOf: () => 'another place' });
      await assert.rejects(resumeRestore(record, moved), {
        code: 'restore.outdated',
        message: /db is configured differ/,
      });
      for (const { engine } of repositories) {
        const { snapshots } = await engine.list(workshop.how());
        const own = snapshots.filter(({ source }: Snapshot) => source === 'db').map(({ id }) => id);
        await engine.forget(own, workshop.how());
      }
      await assert.rejects(resumeRestore(record, resumeHow()), {
        code: 'restore.outdated',
        message: /snapshot [0-9a-f]{8} of source db is not in repository vault any more, nor in any other$/,
      });
    });

    test('what was restored to a folder that is gone is not taken for done', async () => {
      const target = join(workshop.folder, 'elsewhere');
      const [first, second] = [workshop.source('x', { x: 'x' }), workshop.source('y', { y: 'y' })];
      const run = { job: '', recoveryPoint: '20261121T030700Z-bbbb', startedAt: new Date(), force: false };
      await backup({ ...run, sources: [first, second], repositories }, workshop.how());
      const [vault] = repositories;
      const point = await locate({ id: run.recoveryPoint }, [vault!], workshop.how());
      const both = point.members.map((member, at) => ({ ...member, source: [first, second][at]! }));
      const broken = { ...both[1]!, source: { ...second, open: () => Promise.reject(new Error('broken')) } };
      const asked = request({
        items: [both[0]!, broken],
        target,
        conflict: 'refuse',
        journal: { journal, placeOf, report: failedToKeep },
      });
      assert.deepEqual(outcomes(await restore(asked, workshop.how())), ['x ok', 'y failed']);
      const record = [...kept.values()][0]!;
      const how = resumeHow({
        writerOf: ({ source }: { readonly source: string }) => (source === 'x' ? first : second),
      });
      const resumed = await resumeRestore(record, how);
      assert.equal(resumed.conflict, 'changed');
      const next = resumedRequest(record, resumed, { runId: 'S', decision: 'confirmed' });
      assert.deepEqual(outcomes(await restore(next, workshop.how())), ['y ok']);
      assert.equal(readFileSync(join(target, 'y', 'y'), 'utf8'), 'y');
      rmSync(target, { recursive: true });
      await assert.rejects(resumeRestore(record, how), { code: 'restore.outdated', message: /to which x had been/ });
      mkdirSync(target);
    });
  });
});
