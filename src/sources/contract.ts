/**
 * What every source has to pass, as named checks. A test file of an adapter runs them all:
 * `for (const { name, run } of sourceContract(make)) test(name, run)`.
 */
import assert from 'node:assert/strict';
import { SuretyError } from '../base/errors.ts';
import { comparePaths } from '../base/names.ts';
import { type Held, hold, restoreHeld } from './held.ts';
import { BATCH_ENTRIES, type Entry, type ReadHow, type Source, type WriteHow, type WriteReport } from './source.ts';

/** A source with something to protect in it, made for one check and disposed of after it. */
export interface SourceUnderTest extends AsyncDisposable {
  readonly source: Source;
  /** What the original holds now, in a form for a deep comparison. */
  observe(): Promise<unknown>;
  /** The same of what was restored below a target. */
  observeIn(target: string): Promise<unknown>;
  /** Removes the original without a trace. */
  destroy(): Promise<void>;
  /** An absolute path at which nothing is yet. */
  readonly target: string;
}

export interface SourceCheck {
  readonly name: string;
  readonly run: () => Promise<void>;
}

export function sourceContract(make: () => Promise<SourceUnderTest>): readonly SourceCheck[] {
  return Object.entries(CHECKS).map(([name, check]) => ({
    name,
    run: async () => {
      await using under = await make();
      await check(under);
    },
  }));
}

const CHECKS: Readonly<Record<string, (under: SourceUnderTest) => Promise<void>>> = {
  'entries come once each, directories first, in byte order': entriesInOrder,
  'every file has one content of the size that its entry says': contentsMatch,
  'reading twice gives the same': readingTwice,
  'what is remembered of a source is plain data that agrees with its entries': factsArePlain,
  'a restore below a target gives back what was there': restoreBelow,
  'a restore to the original place gives back what was there': restoreInPlace,
  'a dry run plans the restore and changes nothing': dryRun,
  'what exists is not overwritten unless that is asked for': refusesToOverwrite,
  'damaged content is reported and never passed off as restored': damagedContent,
  'a source that is missing is an error': missingSource,
  'an aborted read ends': abortedRead,
  'an aborted restore ends': abortedRestore,
};

const never = new AbortController().signal;

function readHow(how: Partial<ReadHow> = {}): ReadHow {
  return { signal: never, warn: () => {}, ...how };
}

function writeHow(how: Partial<WriteHow>): WriteHow {
  return { signal: never, warn: () => {}, target: undefined, conflict: 'refuse', dryRun: false, ...how };
}

async function take(source: Source, how: Partial<ReadHow> = {}): Promise<Held> {
  const whole = readHow(how);
  await using reading = await source.read(whole);
  return await hold(reading, whole);
}

async function restore(source: Source, held: Held, how: Partial<WriteHow>): Promise<WriteReport> {
  await using restoring = restoreHeld(held);
  return await source.write(restoring, writeHow(how));
}

function assertClean(report: WriteReport): void {
  assert.deepEqual(report.failed, []);
  assert.ok(
    report.checks.every((check) => check.ok),
    `checks failed: ${JSON.stringify(report.checks)}`,
  );
}

async function entriesInOrder({ source }: SourceUnderTest): Promise<void> {
  await using reading = await source.read(readHow());
  assert.notEqual(reading.host, '');
  assert.notEqual(reading.paths.length, 0);
  let last: Entry | undefined;
  const open: string[] = [];
  for await (const batch of reading.entries()) {
    assert.ok(batch.length > 0 && batch.length <= BATCH_ENTRIES, `a batch has ${batch.length} entries`);
    for (const entry of batch) {
      assert.ok(!entry.path.startsWith('/') && !entry.path.endsWith('/'), entry.path);
      if (last !== undefined) assert.ok(comparePaths(last.path, entry.path) < 0, `${last.path} before ${entry.path}`);
      const parent = entry.path.split('/').slice(0, -1).join('/');
      while (open.length > 0 && open.at(-1) !== parent) open.pop();
      assert.ok(parent === '' || open.at(-1) === parent, `${entry.path} comes without its directory`);
      if (entry.type === 'dir') open.push(entry.path);
      last = entry;
    }
  }
  assert.notEqual(last, undefined);
}

async function contentsMatch({ source }: SourceUnderTest): Promise<void> {
  await using reading = await source.read(readHow());
  const files: Entry[] = [];
  for await (const batch of reading.entries()) files.push(...batch.filter((entry) => entry.type === 'file'));
  const held = await take(source);
  assert.equal(held.contents.size, files.length);
  for (const { path, sizeBytes } of files)
    if (sizeBytes >= 0) assert.equal(held.contents.get(path)?.length, sizeBytes, path);
  let contents = 0;
  for await (const content of reading.content(files, { signal: never })) {
    if (content.kind === 'stream') for await (const _chunk of content.chunks);
    contents += 1;
  }
  assert.equal(contents, files.length);
}

async function readingTwice({ source }: SourceUnderTest): Promise<void> {
  const [first, second] = [await take(source), await take(source)];
  assert.deepEqual(
    second.entries.map(({ path, type, mode }) => ({ path, type, mode })),
    first.entries.map(({ path, type, mode }) => ({ path, type, mode })),
  );
  assert.deepEqual(second.facts.fingerprint, first.facts.fingerprint);
  assert.equal(second.facts.files, first.facts.files);
}

async function factsArePlain({ source }: SourceUnderTest): Promise<void> {
  const { facts, entries } = await take(source);
  const stored = JSON.parse(JSON.stringify(facts));
  assert.deepEqual({ ...stored, fingerprint: facts.fingerprint }, { ...facts, fingerprint: facts.fingerprint });
  assert.equal(facts.kind, source.traits.kind);
  assert.equal(facts.files, entries.filter((entry) => entry.type === 'file').length);
}

async function restoreBelow(under: SourceUnderTest): Promise<void> {
  const [before, held] = [await under.observe(), await take(under.source)];
  assertClean(await restore(under.source, held, { target: under.target }));
  assert.deepEqual(await under.observeIn(under.target), before);
  assert.deepEqual(await under.observe(), before, 'the original is untouched');
}

async function restoreInPlace(under: SourceUnderTest): Promise<void> {
  const [before, held] = [await under.observe(), await take(under.source)];
  await under.destroy();
  assertClean(await restore(under.source, held, {}));
  assert.deepEqual(await under.observe(), before);
}

async function dryRun(under: SourceUnderTest): Promise<void> {
  const held = await take(under.source);
  await under.destroy();
  const report = await restore(under.source, held, { dryRun: true });
  assert.notEqual(report.plan.length, 0);
  await assert.rejects(take(under.source), { code: 'source.missing' });
}

async function refusesToOverwrite(under: SourceUnderTest): Promise<void> {
  const [before, held] = [await under.observe(), await take(under.source)];
  const refused = (error: unknown) => error instanceof SuretyError && error.code.startsWith('target.');
  await assert.rejects(restore(under.source, held, {}), refused);
  assert.deepEqual(await under.observe(), before);
}

async function damagedContent(under: SourceUnderTest): Promise<void> {
  const held = await take(under.source);
  const [damaged] = held.contents.keys();
  const rest = new Map([...held.contents].filter(([path]) => path !== damaged));
  let failures = 0;
  try {
    const report = await restore(under.source, { ...held, contents: rest }, { target: under.target });
    failures = report.failed.length;
  } catch {
    failures = 1;
  }
  assert.ok(failures > 0);
}

async function missingSource(under: SourceUnderTest): Promise<void> {
  await under.destroy();
  await assert.rejects(take(under.source), { code: 'source.missing' });
}

async function abortedRead({ source }: SourceUnderTest): Promise<void> {
  const reason = new Error('stopped');
  await assert.rejects(take(source, { signal: AbortSignal.abort(reason) }), reason);
}

async function abortedRestore(under: SourceUnderTest): Promise<void> {
  const held = await take(under.source);
  const reason = new Error('stopped');
  await assert.rejects(
    restore(under.source, held, { target: under.target, signal: AbortSignal.abort(reason) }),
    reason,
  );
}
