/** What is stored by a backup, and what by one that fails. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Held, ReadHeldHow } from '../sources/held.ts';
import type { Warning } from '../sources/source.ts';
import { LARGEST, noise, sampleOf, streamOf } from './contract-sample.ts';
import {
  assertRestores,
  backUp,
  type EngineChecks,
  entriesOf,
  FIRST,
  HOW,
  idsOf,
  problemsOf,
  SECOND,
} from './contract-steps.ts';
import type { Engine } from './engine.ts';

export const backupChecks: EngineChecks = {
  async 'a backup is listed, found and remembers what its source said'({ engine }) {
    assert.deepEqual(await idsOf(engine), []);
    const held = sampleOf();
    const { snapshot, facts } = await backUp(engine, held);
    const [listed] = (await engine.list(HOW)).snapshots;
    for (const one of [snapshot, listed!, await engine.find(snapshot.id.slice(0, 10), HOW)]) {
      assert.equal(one.id, snapshot.id);
      assert.equal(one.time.getTime(), FIRST.getTime());
      assert.deepEqual([one.host, one.paths, one.source], ['held', ['held'], 'sample']);
      assert.equal(one.recoveryPoint, '20260101T030000Z-0001');
      assert.ok(one.tags.includes('mine'));
    }
    assert.deepEqual(await engine.facts(listed!, HOW), JSON.parse(JSON.stringify(facts)));
    assert.deepEqual(facts, { ...facts, ...held.facts, source: 'sample', host: 'held', warnings: 0 });
  },

  async 'snapshots are listed oldest first, and each has its own content'({ engine }) {
    if (engine.traits.replaces === true) return;
    const [early, late] = [sampleOf(), sampleOf([{ path: 'home/sub/zebra', bytes: noise('zebra', 9000) }])];
    const second = await backUp(engine, late, { how: { startedAt: SECOND } });
    const first = await backUp(engine, early);
    assert.deepEqual(await idsOf(engine), [first.snapshot.id, second.snapshot.id]);
    await assertRestores(engine, first.snapshot, early);
    await assertRestores(engine, second.snapshot, late);
  },

  async 'an unchanged source costs next to nothing'({ engine }) {
    const { deduplicates, rereadsStreams = false } = engine.traits;
    if (!deduplicates) return;
    const held = sampleOf();
    const first = await backUp(engine, held);
    const content = () => assert.fail('the content of an unchanged file is asked for');
    const reading = rereadsStreams ? {} : { content };
    const second = await backUp(engine, held, { how: { startedAt: SECOND }, reading });
    assert.ok(first.stats.addedBytes > 300_000);
    assert.ok(
      second.stats.storedBytes < (rereadsStreams ? 6000 : 2000),
      `${second.stats.storedBytes} bytes are stored`,
    );
    if (!rereadsStreams) assert.equal(second.stats.filesUnmodified, held.contents.size);
    await assertRestores(engine, second.snapshot, held);
  },

  async 'what changed is read again, and what did not is not asked for'({ engine }) {
    const held = sampleOf();
    await backUp(engine, held);
    const isChanged = (path: string) => path === 'home/sub/text';
    const later: Held = {
      entries: held.entries.map((one) =>
        isChanged(one.path) ? { ...one, mtimeNs: one.mtimeNs + 1n, sizeBytes: 7 } : one,
      ),
      contents: new Map([...held.contents, ['home/sub/text', Buffer.from('changed')]]),
      facts: held.facts,
    };
    const asked: string[] = [];
    const content = ({ path }: { path: string }) => void asked.push(path);
    const { snapshot, stats } = await backUp(engine, later, { how: { startedAt: SECOND }, reading: { content } });
    const { deduplicates, rereadsStreams = false } = engine.traits;
    if (deduplicates && !rereadsStreams) assert.deepEqual(asked, ['home/sub/text']);
    if (deduplicates && !rereadsStreams) assert.deepEqual([stats.filesNew, stats.filesChanged], [0, 1]);
    await assertRestores(engine, snapshot, later);
  },

  async 'a reading that fails at its end leaves no snapshot'({ engine }) {
    const broken = new Error('the dump has no end');
    const finish = () => Promise.reject(broken);
    await assert.rejects(backUp(engine, sampleOf(), { reading: { finish } }), broken);
    await assertUsable(engine);
  },

  async 'a stream that fails midway leaves no snapshot'({ engine }) {
    const broken = new Error('the tool exited with 1');
    async function* chunks(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < 30; at++) yield noise(`chunk ${at}`, 100_000);
      throw broken;
    }
    const content = ({ path }: { path: string }) =>
      path === LARGEST ? ({ kind: 'stream', chunks: chunks() } as const) : undefined;
    await assert.rejects(backUp(engine, sampleOf(), { reading: { content } }), broken);
    await assertUsable(engine);
  },

  async 'an aborted backup ends with the reason and leaves no snapshot'({ engine }) {
    const reason = new Error('stopped');
    await assert.rejects(backUp(engine, sampleOf(), { how: { signal: AbortSignal.abort(reason) } }), reason);
    const controller = new AbortController();
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield noise('some', 100_000);
      controller.abort(reason);
      yield noise('more', 100_000);
    }
    const reading: ReadHeldHow = { content: () => ({ kind: 'stream', chunks: chunks() }) };
    await assert.rejects(backUp(engine, sampleOf(), { how: { signal: controller.signal }, reading }), reason);
    await assertUsable(engine);
  },

  async 'entries whose content is gone are left out and the others are stored'({ engine }) {
    const held = sampleOf();
    const contents = new Map([...held.contents].filter(([path]) => path !== 'home/sub/text' && path !== 'home/empty'));
    const told: Warning[] = [];
    // One that the source knows to be gone, and one that is found so.
    const reading: ReadHeldHow = {
      content: ({ path }) => (path === 'home/empty' ? { kind: 'path', path: '/nothing/here' } : undefined),
    };
    const how = { warn: (warning: Warning) => void told.push(warning) };
    const { snapshot } = await backUp(engine, { ...held, contents }, { how, reading });
    await assertRestores(engine, snapshot, { ...held, contents });
    assert.deepEqual(
      told.map(({ code, path }) => [code, path]),
      [['entry.vanished', 'home/empty']],
    );
  },

  async 'warnings are counted in what is remembered'({ engine }) {
    const reading: ReadHeldHow = { content: () => ({ kind: 'path', path: '/nothing/here' }) };
    const { snapshot, facts } = await backUp(engine, sampleOf(), { reading });
    assert.equal(facts.warnings, sampleOf().contents.size);
    assert.equal((await engine.facts(snapshot, HOW))?.warnings, facts.warnings);
  },

  async 'streams of unknown length are stored whole, an empty one and a large one'({ engine }) {
    const sizes = [0, 1, 41 * 2 ** 20 + 3];
    const block = noise('block', 2 ** 20);
    for (const sizeBytes of sizes) {
      const [fed, restored] = [createHash('sha256'), createHash('sha256')];
      async function* chunks(): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < sizeBytes; at += block.length) {
          block.set([at >> 20], at % 1000);
          const chunk = block.slice(0, Math.min(block.length, sizeBytes - at));
          fed.update(chunk);
          yield chunk;
        }
      }
      const reading: ReadHeldHow = { content: () => ({ kind: 'stream', chunks: chunks() }) };
      const { snapshot, stats } = await backUp(engine, streamOf('dump/all.sql'), { reading });
      assert.equal(stats.sizeBytes, sizeBytes);
      await using restoring = await engine.restore(snapshot, HOW);
      const [entry] = (await entriesOf(engine, snapshot)).filter(({ path }) => path === 'dump/all.sql');
      assert.equal(entry?.sizeBytes, sizeBytes);
      for await (const chunk of restoring.stream(entry, HOW)) restored.update(chunk);
      assert.equal(restored.digest('hex'), fed.digest('hex'));
    }
  },
};

/** The repository is as it was, and takes the next backup. */
async function assertUsable(engine: Engine): Promise<void> {
  assert.deepEqual(await idsOf(engine), []);
  const { snapshot } = await backUp(engine, sampleOf());
  await assertRestores(engine, snapshot, sampleOf());
  assert.deepEqual(await problemsOf(engine), []);
}
