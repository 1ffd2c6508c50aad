/** What every catalog must do, as named checks. Each check gets an empty catalog of its own. */
import assert from 'node:assert/strict';
import { hasCode } from '../base/errors.ts';
import {
  type Catalog,
  type HookRecord,
  LISTED_MAX,
  type MemberRecord,
  type Outcome,
  type RestoreRecord,
  type SnapshotRecord,
  TEXT_MAX,
  type Verdict,
  type VerificationRecord,
} from './catalog.ts';

export interface CatalogCheck {
  readonly name: string;
  check(catalog: Catalog): Promise<void>;
}

/** The n-th minute of a fixed day. */
const minute = (n: number): Date => new Date(Date.UTC(2026, 10, 20, 3, n));

function snapshot(id: string, n: number, more: Partial<SnapshotRecord> = {}): SnapshotRecord {
  const base = {
    repository: 'vault',
    repositoryId: 'r1',
    id,
    source: 'media',
    host: 'main',
    paths: ['/srv/media'],
    tags: ['job=nightly'],
  };
  return { ...base, time: minute(n), recoveryPoint: `run-${n}`, sizeBytes: 1000 + n, ...more };
}

function member(n: number, outcome: Outcome, more: Partial<MemberRecord> = {}): MemberRecord {
  const stored = outcome === 'ok' || outcome === 'warnings' ? snapshot(`snap-${n}`, n) : undefined;
  return {
    source: 'media',
    repository: 'vault',
    startedAt: minute(n),
    endedAt: minute(n + 1),
    outcome,
    snapshot: stored,
    stats: { filesNew: n, addedBytes: 2 ** 40 },
    warningCount: 0,
    warnings: [],
    error: undefined,
    ...more,
  };
}

async function runWith(
  catalog: Catalog,
  n: number,
  members: readonly MemberRecord[],
  job = 'nightly',
): Promise<string> {
  const id = `run-${n}`;
  await catalog.beginRun({ id, verb: 'backup', job, startedAt: minute(n) });
  for (const each of members) await catalog.recordMember(id, each);
  return id;
}

const restored = (n: number, more: Partial<RestoreRecord> = {}): RestoreRecord => ({
  source: 'media',
  repository: 'vault',
  snapshot: 'snap-1',
  startedAt: minute(n),
  endedAt: minute(n + 1),
  outcome: 'ok',
  sizeBytes: 5,
  checks: [{ what: 'rows', ok: true, detail: '3 tables' }],
  error: undefined,
  target: '/tmp/there',
  files: 2,
  failedCount: 0,
  ...more,
});

const verified = (n: number, more: Partial<VerificationRecord> = {}): VerificationRecord => ({
  repository: 'vault',
  depth: 'data',
  startedAt: minute(n),
  endedAt: minute(n + 1),
  outcome: 'failed',
  snapshots: 3,
  readBytes: 2 ** 41,
  problemCount: 1,
  problems: ['pack data/ab/ab12 is damaged'],
  error: undefined,
  ...more,
});

export const catalogContract: readonly CatalogCheck[] = [
  {
    name: 'a run comes back with everything that was recorded about it',
    async check(catalog) {
      const warnings = [{ code: 'entry.vanished', path: 'srv/media/a', message: 'gone' }];
      const good = member(1, 'warnings', { warningCount: 1, warnings });
      const bad = member(2, 'failed', { source: 'db', error: { code: 'source.locked', message: 'db is locked' } });
      const id = await runWith(catalog, 1, [good, bad]);
      const begun = await catalog.run(id);
      assert.equal(begun?.endedAt, undefined);
      assert.equal(begun?.outcome, undefined);
      await catalog.endRun(id, { endedAt: minute(9), outcome: 'failed', exitCode: 1 });
      assert.deepEqual(await catalog.run(id), {
        id,
        verb: 'backup',
        job: 'nightly',
        startedAt: minute(1),
        endedAt: minute(9),
        outcome: 'failed',
        exitCode: 1,
        members: [good, bad],
        hooks: [],
      });
    },
  },
  {
    name: 'an unknown run is undefined and can neither end nor get members',
    async check(catalog) {
      const unknown = (error: unknown) => hasCode(error, 'catalog.unknown-run');
      assert.equal(await catalog.run('none'), undefined);
      await assert.rejects(catalog.endRun('none', { endedAt: minute(1), outcome: 'ok', exitCode: 0 }), unknown);
      await assert.rejects(catalog.recordMember('none', member(1, 'ok')), unknown);
      assert.deepEqual(await catalog.snapshots({}), [], 'a refused member leaves nothing behind');
    },
  },
  {
    name: 'recording the same member again replaces it',
    async check(catalog) {
      const id = await runWith(catalog, 1, [member(1, 'failed'), member(1, 'ok')]);
      assert.deepEqual((await catalog.run(id))?.members, [member(1, 'ok')]);
    },
  },
  {
    name: 'history is newest first and can be narrowed',
    async check(catalog) {
      await runWith(catalog, 1, [member(1, 'ok')]);
      await runWith(catalog, 2, [member(2, 'ok', { source: 'db' })], 'weekly');
      await catalog.beginRun({ id: 'check', verb: 'verify', job: '', startedAt: minute(3) });
      const ids = async (query: object) => (await catalog.history({ limit: 10, ...query })).map((run) => run.id);
      assert.deepEqual(await ids({}), ['check', 'run-2', 'run-1']);
      assert.deepEqual(await ids({ limit: 1 }), ['check']);
      assert.deepEqual(await ids({ verb: 'backup' }), ['run-2', 'run-1']);
      assert.deepEqual(await ids({ job: 'weekly' }), ['run-2']);
      assert.deepEqual(await ids({ source: 'media' }), ['run-1']);
      assert.deepEqual(await ids({ before: minute(2) }), ['run-1']);
    },
  },
  {
    name: 'the last success is the newest member that stored a snapshot and did not fail',
    async check(catalog) {
      await runWith(catalog, 1, [member(1, 'ok')]);
      await runWith(catalog, 2, [member(2, 'warnings')]);
      await runWith(catalog, 3, [member(3, 'failed'), member(3, 'ok', { source: 'db', repository: 'copy' })]);
      await runWith(catalog, 4, [member(4, 'interrupted')]);
      const last = await catalog.lastSuccess('media', 'vault');
      const expected = {
        source: 'media',
        repository: 'vault',
        runId: 'run-2',
        snapshot: 'snap-2',
        outcome: 'warnings',
      };
      assert.deepEqual(last, { ...expected, endedAt: minute(3) });
      assert.equal(await catalog.lastSuccess('media', 'copy'), undefined);
      assert.deepEqual(
        (await catalog.lastSuccesses()).map((success) => [success.source, success.repository]),
        [
          ['db', 'copy'],
          ['media', 'vault'],
        ],
      );
    },
  },
  {
    name: 'snapshots of members are listed until they are removed, history keeps them',
    async check(catalog) {
      await runWith(catalog, 2, [member(2, 'ok')]);
      await runWith(catalog, 1, [member(1, 'ok')]);
      assert.deepEqual(await catalog.snapshots({}), [snapshot('snap-1', 1), snapshot('snap-2', 2)]);
      await catalog.removeSnapshots('vault', ['snap-1', 'never-there']);
      await catalog.removeSnapshots('another', ['snap-2']);
      assert.deepEqual(await catalog.snapshots({ repository: 'vault' }), [snapshot('snap-2', 2)]);
      assert.equal((await catalog.run('run-1'))?.members[0]?.snapshot?.id, 'snap-1');
    },
  },
  {
    name: 'replacing the snapshots of a repository leaves the others alone',
    async check(catalog) {
      const other = snapshot('other', 5, { repository: 'copy' });
      await catalog.replaceSnapshots('copy', [other]);
      await catalog.replaceSnapshots('vault', [snapshot('a', 1), snapshot('b', 2)]);
      await catalog.replaceSnapshots('vault', [snapshot('b', 2), snapshot('c', 3, { sizeBytes: undefined })]);
      const ids = (await catalog.snapshots({ repository: 'vault' })).map((each) => each.id);
      assert.deepEqual(ids, ['b', 'c']);
      assert.deepEqual(await catalog.snapshots({ repository: 'copy' }), [other]);
      await catalog.replaceSnapshots('vault', []);
      assert.deepEqual(await catalog.snapshots({}), [other]);
    },
  },
  {
    name: 'snapshots are added to those that are known',
    async check(catalog) {
      await catalog.replaceSnapshots('vault', [snapshot('a', 1), snapshot('b', 2)]);
      await catalog.addSnapshots('vault', [snapshot('b', 2, { sizeBytes: 7 }), snapshot('c', 3)]);
      assert.deepEqual(await catalog.snapshots({ repository: 'vault' }), [
        snapshot('a', 1),
        snapshot('b', 2, { sizeBytes: 7 }),
        snapshot('c', 3),
      ]);
    },
  },
  {
    name: 'a repository is remembered by its name and place, the last one that was there',
    async check(catalog) {
      const seen = (location: string, id: string, n: number) => ({ name: 'vault', location, id, seenAt: minute(n) });
      assert.equal(await catalog.repository('vault', '/a'), undefined);
      await catalog.rememberRepository(seen('/a', 'r1', 1));
      await catalog.rememberRepository(seen('/b', 'r2', 2));
      await catalog.rememberRepository(seen('/a', 'r3', 3));
      assert.deepEqual(await catalog.repository('vault', '/a'), seen('/a', 'r3', 3));
      assert.deepEqual(await catalog.repository('vault', '/b'), seen('/b', 'r2', 2));
      assert.equal(await catalog.repository('copy', '/a'), undefined);
    },
  },
  {
    name: 'snapshots of which only the name of the repository is known are in the one that is remembered next',
    async check(catalog) {
      await catalog.replaceSnapshots('vault', [snapshot('a', 1, { repositoryId: '' }), snapshot('b', 2)]);
      await catalog.rememberRepository({ name: 'vault', location: '/a', id: 'r9', seenAt: minute(3) });
      const ids = (await catalog.snapshots({})).map(({ repositoryId }) => repositoryId);
      assert.deepEqual(ids, ['r9', 'r1']);
    },
  },
  {
    name: 'a series is one source, host and set of paths in one repository',
    async check(catalog) {
      await catalog.replaceSnapshots('vault', [
        snapshot('a', 1),
        snapshot('b', 3),
        snapshot('c', 2, { paths: ['/srv/other'] }),
        snapshot('d', 4, { source: 'app' }),
      ]);
      await catalog.replaceSnapshots('copy', [snapshot('e', 5, { repository: 'copy' })]);
      const series = await catalog.series({});
      assert.deepEqual(
        series.map((each) => [each.repository, each.source, each.paths[0], each.count, each.newestId]),
        [
          ['copy', 'media', '/srv/media', 1, 'e'],
          ['vault', 'app', '/srv/media', 1, 'd'],
          ['vault', 'media', '/srv/media', 2, 'b'],
          ['vault', 'media', '/srv/other', 1, 'c'],
        ],
      );
      const media = await catalog.series({ repository: 'vault', source: 'media' });
      assert.equal(media.length, 2);
      assert.deepEqual([media[0]?.oldest, media[0]?.newest], [minute(1), minute(3)]);
    },
  },
  {
    name: 'verifications, drills and restores come back newest first',
    async check(catalog) {
      await catalog.beginRun({ id: 'r1', verb: 'verify', job: '', startedAt: minute(1) });
      await catalog.beginRun({ id: 'r2', verb: 'verify', job: '', startedAt: minute(2) });
      await catalog.recordVerification('r1', verified(1));
      await catalog.recordVerification('r2', verified(2));
      await catalog.recordVerification('r2', verified(3, { repository: 'copy' }));
      const found = await catalog.verifications({ repository: 'vault', limit: 10 });
      assert.deepEqual(found, [
        { runId: 'r2', ...verified(2) },
        { runId: 'r1', ...verified(1) },
      ]);
      const { target: _target, files: _files, failedCount: _failed, ...drill } = restored(4);
      await catalog.recordRestore('r1', restored(1));
      await catalog.recordRestore('r2', restored(2, { error: { code: 'target.full', message: 'no space' } }));
      await catalog.recordDrill('r2', drill);
      const restores = await catalog.restores({ source: 'media', limit: 1 });
      assert.deepEqual(restores, [
        { runId: 'r2', ...restored(2, { error: { code: 'target.full', message: 'no space' } }) },
      ]);
      assert.deepEqual(await catalog.drills({ limit: 10 }), [{ runId: 'r2', ...drill }]);
      assert.deepEqual(await catalog.drills({ source: 'other', limit: 10 }), []);
    },
  },
  {
    name: 'the last verdict of each snapshot and depth is kept until the snapshot is gone',
    async check(catalog) {
      const verdict = (id: string, at: number, given: Partial<Verdict> = {}): Verdict => {
        return { repository: 'vault', snapshot: id, depth: 'data', at: minute(at), ok: true, message: '', ...given };
      };
      const bad = { ok: false, message: 'its checksum is wrong' };
      await catalog.recordVerdicts([verdict('a', 1), verdict('b', 1), verdict('a', 1, { repository: 'copy' })]);
      await catalog.recordVerdicts([verdict('a', 2, bad), verdict('b', 2, { depth: 'structure' })]);
      assert.deepEqual(await catalog.verdicts({ repository: 'vault' }), [
        verdict('a', 2, bad),
        verdict('b', 1),
        verdict('b', 2, { depth: 'structure' }),
      ]);
      await catalog.removeSnapshots('vault', ['b']);
      assert.equal((await catalog.verdicts({ repository: 'vault' })).length, 3, 'it may stay after all');
      await catalog.removeVerdicts('vault', ['b', 'c']);
      assert.deepEqual(await catalog.verdicts({}), [verdict('a', 1, { repository: 'copy' }), verdict('a', 2, bad)]);
    },
  },
  {
    name: 'the hooks of a run are in its record, in the order they ended, each once',
    async check(catalog) {
      const id = await runWith(catalog, 1, [member(1, 'ok')]);
      const hook = (n: number, more: Partial<HookRecord> = {}): HookRecord => ({
        ...{ source: '', phase: 'before', number: 1, program: 'mount', outcome: 'ok', error: undefined },
        ...{ startedAt: minute(n), endedAt: minute(n + 1), ...more },
      });
      const failed = hook(5, { phase: 'after', outcome: 'warnings', error: { code: 'hook.failed', message: 'busy' } });
      await catalog.recordHook(id, failed);
      await catalog.recordHook(id, hook(1));
      await catalog.recordHook(id, hook(1, { source: 'media' }));
      await catalog.recordHook(id, hook(2));
      assert.deepEqual((await catalog.run(id))?.hooks, [hook(1, { source: 'media' }), hook(2), failed]);
      await assert.rejects(catalog.recordHook('none', hook(1)), (error) => hasCode(error, 'catalog.unknown-run'));
    },
  },
  {
    name: 'long lists and texts are cut, counts are not',
    async check(catalog) {
      const warning = { code: 'entry.unreadable', path: 'p', message: 'x'.repeat(10 * TEXT_MAX) };
      const many = Array.from({ length: 3 * LISTED_MAX }, () => warning);
      const id = await runWith(catalog, 1, [member(1, 'warnings', { warningCount: 12_345, warnings: many })]);
      const kept = (await catalog.run(id))?.members[0];
      assert.equal(kept?.warningCount, 12_345);
      assert.equal(kept?.warnings.length, LISTED_MAX);
      assert.equal(kept?.warnings[0]?.message.length, TEXT_MAX);
    },
  },
  {
    name: 'calls take effect in the order they were made without being waited for',
    async check(catalog) {
      const calls = [
        catalog.beginRun({ id: 'r', verb: 'backup', job: '', startedAt: minute(1) }),
        catalog.recordMember('r', member(1, 'failed')),
        catalog.recordMember('r', member(1, 'ok')),
        catalog.endRun('r', { endedAt: minute(2), outcome: 'ok', exitCode: 0 }),
      ];
      await Promise.all(calls);
      const run = await catalog.run('r');
      assert.equal(run?.outcome, 'ok');
      assert.equal(run?.members[0]?.outcome, 'ok');
    },
  },
];
