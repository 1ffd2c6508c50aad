/** What is remembered of one copy: a document, which is the commit marker, and a list of its entries. */
import { pipeline, Readable } from 'node:stream';
import { createGunzip, createGzip } from 'node:zlib';
import * as z from 'zod';
import { randomHex } from '../../base/ids.ts';
import type { Entry, RestoredEntry, Xattr } from '../../sources/source.ts';
import type { Store } from '../../stores/store.ts';
import type { How, Snapshot, SnapshotFacts } from '../engine.ts';
import { type EntryRecord, fromRecord, toRecord } from '../entry-record.ts';
import { parseLines } from '../json-lines.ts';
import type { KnownFile } from './place.ts';
import { damaged } from './repository.ts';

const FORMAT = 'surety-mirror-copy';
const VERSION = 1;
const ENDING = '.json';
const MAX_DOCUMENT_BYTES = 8 << 20;

const count = z.number().nonnegative();
const documentSchema = z.looseObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  id: z.string().min(1),
  /** `SOURCE/COPY` */
  copy: z.string().regex(/^[^/]+\/[^/]+$/),
  mark: z.string(),
  /** Later runs of the source have larger ones. Missing where it was copied from elsewhere. */
  turn: z.int().positive().optional(),
  /** Key of the list of entries. */
  entries: z.string().min(1),
  time: z.iso.datetime(),
  source: z.string(),
  host: z.string(),
  paths: z.array(z.string()),
  tags: z.array(z.string()),
  user: z.string(),
  recovery_point: z.string(),
  program: z.string(),
  stats: z.looseObject({ sizeBytes: count }),
  facts: z.looseObject({ kind: z.string(), source: z.string(), host: z.string() }),
});

export interface CopyRecord {
  readonly key: string;
  readonly copy: string;
  readonly mark: string;
  /** Which run of its source made it, whatever the clock said; undefined: it was copied from elsewhere. */
  readonly turn: number | undefined;
  readonly entriesKey: string;
  readonly snapshot: Snapshot;
  readonly facts: SnapshotFacts;
}

/** A file's line has its hash, and which of its names are one file. */
type Line = EntryRecord & { readonly sha256?: string; readonly file?: number; readonly links?: number };

/** Handle of a restored entry: what its content must be. */
export interface MirrorHandle {
  /** Its path in the copy, wherever it is restored to. */
  readonly path: string;
  readonly sha256: string | undefined;
}

export function recordKey(copy: string): string {
  return `${copy}${ENDING}`;
}

export function isRecordKey(key: string): boolean {
  return key.endsWith(ENDING) && key.includes('/');
}

const ENTRIES_ENDING = '.entries.gz';

/** Of a list of entries of a copy. No two have the same: that of before is needed until the new one is recorded. */
export function newEntriesKey(copy: string): string {
  return `${copy}.${randomHex(8)}${ENTRIES_ENDING}`;
}

export function isEntriesKey(key: string): boolean {
  return key.endsWith(ENTRIES_ENDING) && key.includes('/');
}

export function toDocument(
  { copy, mark, turn, entriesKey: entries }: Pick<CopyRecord, 'copy' | 'mark' | 'turn' | 'entriesKey'>,
  snapshot: Snapshot,
  facts: SnapshotFacts,
): Buffer {
  const { id, time, source, host, paths, tags, user, recoveryPoint, program, stats } = snapshot;
  const what = { format: FORMAT, version: VERSION, id, copy, mark, turn, entries };
  const document = {
    ...what,
    time: time.toISOString(),
    source,
    host,
    paths,
    tags,
    user,
    recovery_point: recoveryPoint,
    program,
    stats,
    facts,
  };
  return Buffer.from(`${JSON.stringify(document, null, 2)}\n`);
}

/** Throws `repository.damaged`. */
export async function readRecord(records: Store, key: string, how: How): Promise<CopyRecord> {
  const stored = await records.stat(key, how);
  if ((stored?.sizeBytes ?? 0) > MAX_DOCUMENT_BYTES) throw damaged(key, 'it is too large');
  const bytes = await records.read(key, undefined, how);
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw damaged(key, 'it is not JSON', cause);
  }
  const parsed = documentSchema.safeParse(value);
  if (!parsed.success) throw damaged(key, 'it is no record of a copy', parsed.error);
  const { data } = parsed;
  const snapshot: Snapshot = {
    ...{ id: data.id, time: new Date(data.time), host: data.host, paths: data.paths, tags: data.tags },
    ...{ user: data.user, source: data.source, recoveryPoint: data.recovery_point, program: data.program },
    tree: '',
    stats: data.stats as unknown as NonNullable<Snapshot['stats']>,
  };
  const facts = data.facts as unknown as SnapshotFacts;
  const { copy, mark, turn, entries } = data;
  return { key, copy, mark, turn, entriesKey: entries, snapshot, facts };
}

export interface ListedEntry {
  readonly entry: Entry;
  readonly xattrs: readonly Xattr[];
}

/** The compressed list of entries. */
export function entryLines(
  entries: Iterable<ListedEntry>,
  files: ReadonlyMap<string, KnownFile>,
): AsyncIterable<Uint8Array> {
  return pipeline(Readable.from(lines(entries, files)), createGzip(), ignored);
}

/** Who reads the last stream is told of failures there. */
const ignored = (): void => {};

const LINES_BYTES = 1 << 16;

function* lines(entries: Iterable<ListedEntry>, files: ReadonlyMap<string, KnownFile>): Generator<Buffer> {
  const numbers = new Map<string, number>();
  let text = '';
  for (const { entry, xattrs } of entries) {
    const sha256 = files.get(entry.path)?.sha256;
    const line: Line = {
      ...toRecord(entry, xattrs),
      ...(sha256 !== undefined && sha256 !== '' && { sha256 }),
      ...(entry.type === 'file' && entry.links > 1 && { file: numberOf(entry, numbers), links: entry.links }),
    };
    text += `${JSON.stringify(line)}\n`;
    if (text.length < LINES_BYTES) continue;
    yield Buffer.from(text);
    text = '';
  }
  yield Buffer.from(text);
}

function numberOf({ device, inode }: Entry, numbers: Map<string, number>): number {
  const key = `${device} ${inode}`;
  const known = numbers.get(key);
  if (known !== undefined) return known;
  numbers.set(key, numbers.size + 1);
  return numbers.size;
}

/** The entries of a copy, in order. Throws `repository.damaged`. */
export async function* readEntries(
  records: Store,
  { entriesKey: key }: Pick<CopyRecord, 'entriesKey'>,
  how: How,
): AsyncGenerator<RestoredEntry> {
  const unpacked = pipeline(Readable.from(records.stream(key, undefined, how)), createGunzip(), ignored);
  try {
    for await (const line of parseLines<Line>(unpacked)) {
      const handle: MirrorHandle = { path: line.path, sha256: line.sha256 };
      yield fromRecord(line, { inode: line.file ?? 0, links: line.links ?? 1, handle });
    }
  } catch (error) {
    how.signal.throwIfAborted();
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('store.')) throw error;
    throw damaged(key, 'it can not be unpacked', error);
  }
}
