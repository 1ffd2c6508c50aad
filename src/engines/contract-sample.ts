/** What the contract of engines backs up: a small tree with something of everything, held in memory. */
import { createHash } from 'node:crypto';
import type { Held } from '../sources/held.ts';
import type { Entry, EntryType, RestoredEntry, SourceFacts } from '../sources/source.ts';

export interface SampleFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** The path of the largest file, most of what is stored. */
export const LARGEST = 'home/large';

/** Entries in the order that the port asks for. */
export function sampleOf(more: readonly SampleFile[] = []): Held {
  const files: SampleFile[] = [
    { path: 'home/empty', bytes: new Uint8Array() },
    { path: LARGEST, bytes: noise('large', 300_000) },
    { path: 'home/sub/same', bytes: noise('same', 5000) },
    { path: 'home/sub/text', bytes: Buffer.from('one line and another\n'.repeat(400)) },
    { path: 'home/sub/é', bytes: noise('same', 5000) },
    { path: 'home/sub/\udcff', bytes: Buffer.from('a name that is not UTF-8') },
    ...more,
  ];
  const others: RestoredEntry[] = [
    entry('home', 'dir', { mode: 0o1777, xattrs: [{ name: 'user.note', value: Buffer.from([0, 1, 255]) }] }),
    entry('home/link', 'symlink', { mode: 0o777, linkTarget: '../else/\udcffwhere' }),
    entry('home/pipe', 'fifo', { mode: 0o600 }),
    entry('home/sub', 'dir', { mode: 0o4750, mtimeNs: 1_234_567_890_123_456_789n }),
    entry('home/void', 'dir', { mode: 0o700 }),
  ];
  const own = files.map(({ path, bytes }) =>
    entry(path, 'file', { sizeBytes: bytes.length, user: 'owner', group: 'staff', mode: 0o2644 }),
  );
  return {
    entries: [...others, ...own].sort((left, right) => compare(left.path, right.path)),
    contents: new Map(files.map(({ path, bytes }) => [path, bytes])),
    facts: factsOf(files),
  };
}

function factsOf(files: readonly SampleFile[]): SourceFacts {
  const sizeBytes = files.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const fingerprint = { algorithm: 'rows', tables: [{ name: 'users', rows: 3 }] };
  return { kind: 'sample', versions: { sample: '1' }, files: files.length, sizeBytes, fingerprint, notes: ['odd'] };
}

/** One file of which nobody knows the length before it is read. */
export function streamOf(path: string): Held {
  const entries = [entry('dump', 'dir', {}), entry(path, 'file', { sizeBytes: -1 })];
  return { entries, contents: new Map(), facts: { kind: 'sample', versions: {}, files: 1, sizeBytes: 0 } };
}

function entry(path: string, type: EntryType, facts: Partial<RestoredEntry>): RestoredEntry {
  const inode = createHash('sha256').update(path).digest().readBigUInt64BE() >> 8n;
  const times = { mtimeNs: 1_700_000_000_123_456_789n, ctimeNs: 1_700_000_001_000_000_000n };
  const place = { ...times, inode, device: 7n, links: type === 'dir' ? 2 : 1 };
  const owner = { uid: 1001, gid: 1002, user: '', group: '' };
  return { path, type, mode: 0o644, ...owner, ...place, sizeBytes: 0, xattrs: [], handle: path, ...facts };
}

/** Depth first, names by their bytes; the sample has no name for which the order of its UTF-16 units differs. */
function compare(left: string, right: string): number {
  const [a, b] = [left.replaceAll('/', '\0'), right.replaceAll('/', '\0')];
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Bytes that do not compress, the same for the same seed. */
export function noise(seed: string, sizeBytes: number): Uint8Array {
  return createHash('shake256', { outputLength: sizeBytes }).update(seed).digest();
}

/** What a restore has to give back of an entry. */
export function observed(one: RestoredEntry | Entry): object {
  const { path, type, mode, uid, gid, user, group, mtimeNs, sizeBytes } = one;
  const xattrs = 'xattrs' in one ? one.xattrs.map(({ name, value }) => [name, Buffer.from(value).toString('hex')]) : [];
  return { path, type, mode, uid, gid, user, group, mtimeNs, sizeBytes, xattrs, linkTarget: one.linkTarget ?? '' };
}
