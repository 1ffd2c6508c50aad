/** What keeps a repository whole: verification, removal, keys. */
import assert from 'node:assert/strict';
import { LARGEST, noise, sampleOf } from './contract-sample.ts';
import {
  assertRestores,
  backUp,
  contentsOf,
  type EngineChecks,
  HOW,
  idsOf,
  problemsOf,
  SECOND,
  sameBytes,
} from './contract-steps.ts';

export const upkeepChecks: EngineChecks = {
  async 'verify finds nothing in a whole repository'({ engine }) {
    assert.deepEqual(await problemsOf(engine), []);
    await backUp(engine, sampleOf());
    const report = await engine.verify({ ...HOW, depth: 'structure' });
    assert.deepEqual([report.problems, report.snapshots], [[], 1]);
    assert.deepEqual(await problemsOf(engine), []);
  },

  async 'damage is named by verify and never restored as if it were right'({ engine, damage }) {
    const held = sampleOf();
    const { snapshot } = await backUp(engine, held);
    await damage();
    if (engine.traits.can.has('verify-data')) {
      const { problems } = await engine.verify({ ...HOW, depth: 'data' });
      assert.notEqual(problems.length, 0);
      for (const { code, key, message } of problems) assert.ok(code !== '' && key !== '' && message !== '');
      assert.ok(problems.some(({ affects }) => affects.some(({ path }) => path.endsWith(LARGEST))));
    }
    // Where a snapshot is one file, it is compared whole before any of it is handed out.
    if (engine.traits.checksBeforeRestore === true) {
      await assert.rejects(engine.restore(snapshot, HOW), { code: 'repository.damaged' });
      return;
    }
    await using restoring = await engine.restore(snapshot, HOW);
    const { contents, failed } = await contentsOf(restoring);
    assert.ok(failed.has(LARGEST));
    for (const [path, bytes] of contents) assert.ok(sameBytes(bytes, held.contents.get(path)), path);
  },

  async 'a forgotten snapshot is gone, and prune leaves the others whole'({ engine }) {
    if (!engine.traits.can.has('cleanup') || engine.traits.replaces === true) return;
    const held = sampleOf();
    const more = sampleOf([{ path: 'home/sub/zebra', bytes: noise('zebra', 400_000) }]);
    const first = await backUp(engine, more);
    const second = await backUp(engine, held, { how: { startedAt: SECOND } });
    await engine.forget([first.snapshot.id], HOW);
    assert.deepEqual(await idsOf(engine), [second.snapshot.id]);
    await assert.rejects(engine.find(first.snapshot.id, HOW), { code: 'snapshot.unknown' });
    const report = await engine.prune({ ...HOW, dryRun: false, maxUnused: 0 });
    assert.ok(report.freedBytes >= 400_000, `${report.freedBytes} bytes are freed`);
    assert.equal(report.remainingUnusedBytes, 0);
    await assertRestores(engine, second.snapshot, held);
    assert.deepEqual(await problemsOf(engine), []);
  },

  async 'a dry run of prune changes nothing'({ engine }) {
    if (!engine.traits.can.has('cleanup') || engine.traits.replaces === true) return;
    const { snapshot } = await backUp(engine, sampleOf());
    await engine.forget([snapshot.id], HOW);
    const how = { ...HOW, maxUnused: 0 };
    const planned = await engine.prune({ ...how, dryRun: true });
    assert.deepEqual(await engine.prune({ ...how, dryRun: true }), planned);
    if (engine.traits.prunesUnseen === true) {
      assert.equal(planned.freedBytes, 0);
      assert.ok((await engine.prune({ ...how, dryRun: false })).freedBytes > 300_000);
      return;
    }
    assert.ok(planned.freedBytes > 300_000);
    assert.equal((await engine.prune({ ...how, dryRun: false })).freedBytes, planned.freedBytes);
  },

  async 'what the traits do not name is refused'({ engine }) {
    const { kind, id, location, can } = engine.traits;
    assert.ok(kind !== '' && id !== '' && location !== '');
    if (!can.has('cleanup')) {
      await assert.rejects(engine.forget([], HOW));
      await assert.rejects(engine.prune({ ...HOW, dryRun: true, maxUnused: 0 }));
    }
    if (!can.has('rebuild-index')) await assert.rejects(engine.rebuildIndex(HOW));
    else assert.deepEqual((await engine.rebuildIndex(HOW)).unreadable, []);
    if (!can.has('unlock')) await assert.rejects(engine.unlock({ ...HOW, all: false }));
    else assert.equal(await engine.unlock({ ...HOW, all: false }), 0);
    if (!can.has('keys') && !can.has('change-key')) await assert.rejects(engine.keys.list(HOW));
  },

  async 'keys are added, listed and removed'({ engine }) {
    if (!engine.traits.can.has('keys')) return;
    const [own] = await engine.keys.list(HOW);
    const id = await engine.keys.add('another password', HOW);
    const all = await engine.keys.list(HOW);
    assert.deepEqual(
      all.map((key) => [key.id, key.current]).sort(),
      [
        [own!.id, true],
        [id, false],
      ].sort(),
    );
    await assert.rejects(engine.keys.remove(own!.id, HOW), { code: 'key.in-use' });
    await engine.keys.remove(id, HOW);
    assert.deepEqual(
      (await engine.keys.list(HOW)).map((key) => key.id),
      [own!.id],
    );
  },
};
