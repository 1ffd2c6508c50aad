/** What the checks of the contract of engines are made of. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collectBytes } from '../base/streams.ts';
import { type Held, type ReadHeldHow, readHeld } from '../sources/held.ts';
import type { RestoredEntry, Restoring } from '../sources/source.ts';
import { observed } from './contract-sample.ts';
import type { BackupHow, BackupResult, Engine, Snapshot } from './engine.ts';

/** A new repository without snapshots, made for one check and disposed of after it. */
export interface EngineUnderTest extends AsyncDisposable {
  readonly engine: Engine;
  /** Changes one byte in the middle of the largest thing that is stored. */
  damage(): Promise<void>;
}

/** Promises by name; each gets a repository of its own. */
export type EngineChecks = Readonly<Record<string, (under: EngineUnderTest) => Promise<void>>>;

const never = new AbortController().signal;
export const HOW = { signal: never };
export const FIRST = new Date('2026-01-01T03:00:00Z');
export const SECOND = new Date('2026-01-02T03:00:00Z');

export async function backUp(
  engine: Engine,
  held: Held,
  { how = {}, reading = {} }: { readonly how?: Partial<BackupHow>; readonly reading?: ReadHeldHow } = {},
): Promise<BackupResult> {
  await using open = readHeld(held, reading);
  return await engine.backup(open, {
    ...{
      signal: never,
      warn: () => {},
      kind: 'files',
      source: 'sample',
      tags: ['mine'],
      excludes: [],
      startedAt: FIRST,
    },
    ...{ recoveryPoint: '20260101T030000Z-0001', ...how },
  });
}

export async function entriesOf(
  engine: Engine,
  snapshot: Snapshot,
  select?: readonly string[],
): Promise<RestoredEntry[]> {
  const entries: RestoredEntry[] = [];
  for await (const batch of engine.entries(snapshot, { ...HOW, select })) entries.push(...batch);
  return entries;
}

/** Contents by path, given as streams and written to files; a file that fails in either way is in `failed`. */
export async function contentsOf(
  restoring: Restoring,
): Promise<{ contents: Map<string, Uint8Array>; failed: Set<string> }> {
  const contents = new Map<string, Uint8Array>();
  const failed = new Set<string>();
  const files: RestoredEntry[] = [];
  for await (const batch of restoring.entries()) files.push(...batch.filter(({ type }) => type === 'file'));
  const folder = mkdtempSync(join(tmpdir(), 'surety-contract-'));
  try {
    const placements = files.map((entry, at) => ({ entry, path: join(folder, String(at)), attributes: undefined }));
    const reported = new Set<number>();
    for await (const { index, error } of restoring.place(placements, HOW)) {
      assert.ok(!reported.has(index), `${files[index]?.path} is reported twice`);
      reported.add(index);
      if (error === undefined) contents.set(files[index]!.path, readFileSync(placements[index]!.path));
      else failed.add(files[index]!.path);
    }
    assert.equal(reported.size, files.length);
    for (const entry of files) {
      const streamed = await collectBytes(restoring.stream(entry, HOW)).catch(() => undefined);
      if (streamed === undefined) failed.add(entry.path);
      else assert.ok(failed.has(entry.path) || sameBytes(streamed, contents.get(entry.path)), entry.path);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return { contents, failed };
}

export function sameBytes(left: Uint8Array, right: Uint8Array | undefined): boolean {
  return right !== undefined && Buffer.compare(left, right) === 0;
}

export async function assertRestores(engine: Engine, snapshot: Snapshot, held: Held): Promise<void> {
  const files = held.entries.filter(({ type, path }) => type !== 'file' || held.contents.has(path));
  assert.deepEqual((await entriesOf(engine, snapshot)).map(observed).filter(isTheirs), files.map(observed));
  await using restoring = await engine.restore(snapshot, HOW);
  const { contents, failed } = await contentsOf(restoring);
  assert.deepEqual([...failed], []);
  for (const [path, bytes] of held.contents) assert.ok(sameBytes(bytes, contents.get(path)), path);
}

/** An engine may keep a document of its own in the root of a snapshot. */
function isTheirs(entry: object): boolean {
  return !('path' in entry && String(entry.path).startsWith('.surety-'));
}

export async function idsOf(engine: Engine): Promise<string[]> {
  const { snapshots, unreadable } = await engine.list(HOW);
  assert.deepEqual(unreadable, []);
  return snapshots.map(({ id }) => id);
}

export async function problemsOf(engine: Engine): Promise<readonly unknown[]> {
  const depth = engine.traits.can.has('verify-data') ? 'data' : 'structure';
  return (await engine.verify({ ...HOW, depth })).problems;
}
