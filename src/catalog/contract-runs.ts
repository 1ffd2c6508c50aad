/** What is remembered of runs. */
import assert from 'node:assert/strict';
import { hasCode } from '../base/errors.ts';
import { type HookRecord, LISTED_MAX, TEXT_MAX } from './catalog.ts';
import { type CatalogChecks, member, minute, runWith } from './contract-sample.ts';

export const runChecks: CatalogChecks = {
  async 'a run comes back with everything that was recorded about it'(catalog) {
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

  async 'an unknown run is undefined and can neither end nor get members'(catalog) {
    const unknown = (error: unknown) => hasCode(error, 'catalog.unknown-run');
    assert.equal(await catalog.run('none'), undefined);
    await assert.rejects(catalog.endRun('none', { endedAt: minute(1), outcome: 'ok', exitCode: 0 }), unknown);
    await assert.rejects(catalog.recordMember('none', member(1, 'ok')), unknown);
    assert.deepEqual(await catalog.snapshots({}), [], 'a refused member leaves nothing behind');
  },

  async 'recording the same member again replaces it'(catalog) {
    const id = await runWith(catalog, 1, [member(1, 'failed'), member(1, 'ok')]);
    assert.deepEqual((await catalog.run(id))?.members, [member(1, 'ok')]);
  },

  async 'history is newest first and can be narrowed'(catalog) {
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

  async 'the last success is the newest member that stored a snapshot and did not fail'(catalog) {
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

  async 'the hooks of a run are in its record, in the order they ended, each once'(catalog) {
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

  async 'long lists and texts are cut, counts are not'(catalog) {
    const warning = { code: 'entry.unreadable', path: 'p', message: 'x'.repeat(10 * TEXT_MAX) };
    const many = Array.from({ length: 3 * LISTED_MAX }, () => warning);
    const id = await runWith(catalog, 1, [member(1, 'warnings', { warningCount: 12_345, warnings: many })]);
    const kept = (await catalog.run(id))?.members[0];
    assert.equal(kept?.warningCount, 12_345);
    assert.equal(kept?.warnings.length, LISTED_MAX);
    assert.equal(kept?.warnings[0]?.message.length, TEXT_MAX);
  },

  async 'calls take effect in the order they were made without being waited for'(catalog) {
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
};
