/**
 * What every engine has to pass, as named checks. A test file runs them all:
 * `for (const { name, run } of engineContract(make)) test(name, run)`. A check of a verb that the engine's traits do not name passes.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { hasCode } from '../base/errors.ts';
import { shortId } from '../base/short-id.ts';
import type { Held, ReadHeldHow } from '../sources/held.ts';
import type { Warning } from '../sources/source.ts';
import { LARGEST, noise, sampleOf, streamOf } from './contract-sample.ts';
import {
  assertRestores,
  backUp,
  contentsOf,
  entriesOf,
  FIRST,
  HOW,
  idsOf,
  problemsOf,
  SECOND,
  sameBytes,
} from './contract-steps.ts';
import type { Engine } from './engine.ts';

/** A new repository without snapshots, made for one check and disposed of after it. */
export interface EngineUnderTest extends AsyncDisposable {
  readonly engine: Engine;
  /** Changes one byte in the middle of the largest thing that is stored. */
  damage(): Promise<void>;
}

export interface EngineCheck {
  readonly name: string;
  readonly run: () => Promise<void>;
}

export function engineContract(make: () => Promise<EngineUnderTest>): readonly EngineCheck[] {
  return Object.entries(CHECKS).map(([name, check]) => ({
    name,
    run: async () => {
      await using under = await make();
      await check(under);
    },
  }));
}

const CHECKS: Readonly<Record<string, (under: EngineUnderTest) => Promise<void>>> = {
  'a backup is listed, found and remembers what its source said': remembered,
  'a restore gives back every entry with its metadata and content': restoredWhole,
  'snapshots are listed oldest first, and each has its own content': severalSnapshots,
  'an unchanged source costs next to nothing': unchanged,
  'what changed is read again, and what did not is not asked for': onlyChanges,
  'a reading that fails at its end leaves no snapshot': failsAtTheEnd,
  'a stream that fails midway leaves no snapshot': failsMidway,
  'an aborted backup ends with the reason and leaves no snapshot': aborted,
  'entries whose content is gone are left out and the others are stored': gone,
  'warnings are counted in what is remembered': warnings,
  'streams of unknown length are stored whole, an empty one and a large one': streams,
  'entries are selected by path and by glob, with the directories above them': selection,
  'a selection that is not in the snapshot is an error': selectsNothing,
  'an unknown id is an error that names the nearest': unknownId,
  'verify finds nothing in a whole repository': verifiesWhole,
  'damage is named by verify and never restored as if it were right': damaged,
  'a forgotten snapshot is gone, and prune leaves the others whole': forgetAndPrune,
  'a dry run of prune changes nothing': dryPrune,
  'what the traits do not name is refused': refuses,
  'keys are added, listed and removed': keys,
};

async function remembered({ engine }: EngineUnderTest): Promise<void> {
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
}

async function restoredWhole({ engine }: EngineUnderTest): Promise<void> {
  const held = sampleOf();
  const { snapshot, stats } = await backUp(engine, held);
  assert.deepEqual([stats.filesNew, stats.filesUnmodified], [held.contents.size, 0]);
  await assertRestores(engine, snapshot, held);
}

async function severalSnapshots({ engine }: EngineUnderTest): Promise<void> {
  if (engine.traits.replaces === true) return;
  const [early, late] = [sampleOf(), sampleOf([{ path: 'home/sub/zebra', bytes: noise('zebra', 9000) }])];
  const second = await backUp(engine, late, { how: { startedAt: SECOND } });
  const first = await backUp(engine, early);
  assert.deepEqual(await idsOf(engine), [first.snapshot.id, second.snapshot.id]);
  await assertRestores(engine, first.snapshot, early);
  await assertRestores(engine, second.snapshot, late);
}

async function unchanged({ engine }: EngineUnderTest): Promise<void> {
  const { deduplicates, rereadsStreams = false } = engine.traits;
  if (!deduplicates) return;
  const held = sampleOf();
  const first = await backUp(engine, held);
  const content = () => assert.fail('the content of an unchanged file is asked for');
  const reading = rereadsStreams ? {} : { content };
  const second = await backUp(engine, held, { how: { startedAt: SECOND }, reading });
  assert.ok(first.stats.addedBytes > 300_000);
  assert.ok(second.stats.storedBytes < (rereadsStreams ? 6000 : 2000), `${second.stats.storedBytes} bytes are stored`);
  if (!rereadsStreams) assert.equal(second.stats.filesUnmodified, held.contents.size);
  await assertRestores(engine, second.snapshot, held);
}

async function onlyChanges({ engine }: EngineUnderTest): Promise<void> {
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
}

/** The repository is as it was, and takes the next backup. */
async function assertUsable(engine: Engine): Promise<void> {
  assert.deepEqual(await idsOf(engine), []);
  const { snapshot } = await backUp(engine, sampleOf());
  await assertRestores(engine, snapshot, sampleOf());
  assert.deepEqual(await problemsOf(engine), []);
}

async function failsAtTheEnd({ engine }: EngineUnderTest): Promise<void> {
  const broken = new Error('the dump has no end');
  const finish = () => Promise.reject(broken);
  await assert.rejects(backUp(engine, sampleOf(), { reading: { finish } }), broken);
  await assertUsable(engine);
}

async function failsMidway({ engine }: EngineUnderTest): Promise<void> {
  const broken = new Error('the tool exited with 1');
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < 30; at++) yield noise(`chunk ${at}`, 100_000);
    throw broken;
  }
  const content = ({ path }: { path: string }) =>
    path === LARGEST ? ({ kind: 'stream', chunks: chunks() } as const) : undefined;
  await assert.rejects(backUp(engine, sampleOf(), { reading: { content } }), broken);
  await assertUsable(engine);
}

async function aborted({ engine }: EngineUnderTest): Promise<void> {
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
}

async function gone({ engine }: EngineUnderTest): Promise<void> {
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
}

async function warnings({ engine }: EngineUnderTest): Promise<void> {
  const reading: ReadHeldHow = { content: () => ({ kind: 'path', path: '/nothing/here' }) };
  const { snapshot, facts } = await backUp(engine, sampleOf(), { reading });
  assert.equal(facts.warnings, sampleOf().contents.size);
  assert.equal((await engine.facts(snapshot, HOW))?.warnings, facts.warnings);
}

async function streams({ engine }: EngineUnderTest): Promise<void> {
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
}

async function selection({ engine }: EngineUnderTest): Promise<void> {
  const { snapshot } = await backUp(engine, sampleOf());
  const wanted: [string[], string[]][] = [
    [['home/empty'], ['home', 'home/empty']],
    [['/home/void/'], ['home', 'home/void']],
    [['home/s*/t?xt'], ['home', 'home/sub', 'home/sub/text']],
    [
      ['**/e*', 'home/link'],
      ['home', 'home/empty', 'home/link'],
    ],
    [['home/sub'], ['home', 'home/sub', 'home/sub/same', 'home/sub/text', 'home/sub/é', 'home/sub/\udcff']],
  ];
  for (const [select, paths] of wanted) {
    const given = (await entriesOf(engine, snapshot, select)).map(({ path }) => path);
    assert.deepEqual(given, paths, select.join());
    await using restoring = await engine.restore(snapshot, { ...HOW, select });
    const { contents, failed } = await contentsOf(restoring);
    assert.equal(failed.size, 0);
    for (const [path, bytes] of contents) assert.ok(sameBytes(bytes, sampleOf().contents.get(path)), path);
  }
}

async function selectsNothing({ engine }: EngineUnderTest): Promise<void> {
  const { snapshot } = await backUp(engine, sampleOf());
  for (const select of [['home/emptt'], ['home/empty', '**/*.zip']]) {
    await assert.rejects(engine.restore(snapshot, { ...HOW, select }), { code: 'snapshot.path-missing' });
  }
}

async function unknownId({ engine }: EngineUnderTest): Promise<void> {
  await assert.rejects(engine.find('0123abcd', HOW), { code: 'snapshot.unknown' });
  const { snapshot } = await backUp(engine, sampleOf());
  const near = snapshot.id.slice(0, 7) + (snapshot.id[7] === '0' ? '1' : '0');
  await assert.rejects(engine.find(near, HOW), (error) => {
    assert.ok(hasCode(error, 'snapshot.unknown'));
    assert.match(error.hint ?? '', new RegExp(shortId(snapshot.id)));
    return true;
  });
}

async function verifiesWhole({ engine }: EngineUnderTest): Promise<void> {
  assert.deepEqual(await problemsOf(engine), []);
  await backUp(engine, sampleOf());
  const report = await engine.verify({ ...HOW, depth: 'structure' });
  assert.deepEqual([report.problems, report.snapshots], [[], 1]);
  assert.deepEqual(await problemsOf(engine), []);
}

async function damaged({ engine, damage }: EngineUnderTest): Promise<void> {
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
}

async function forgetAndPrune({ engine }: EngineUnderTest): Promise<void> {
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
}

async function dryPrune({ engine }: EngineUnderTest): Promise<void> {
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
}

async function refuses({ engine }: EngineUnderTest): Promise<void> {
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
}

async function keys({ engine }: EngineUnderTest): Promise<void> {
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
}
