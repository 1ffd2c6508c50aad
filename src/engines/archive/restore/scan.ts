/**
 * Reads a stored file from the first to the last byte: compares its checksum, unpacks it, and notes what is in it. Nothing of a backup is
 * handed out before.
 */
import { createHash } from 'node:crypto';
import { TarReader } from '../../../base/tar/reader.ts';
import type { TarEntry } from '../../../base/tar/tar-entry.ts';
import type { How } from '../../engine.ts';
import { LineSpool } from '../../line-spool.ts';
import { CheckedBytes } from '../checked-bytes.ts';
import { decode, decodeError } from '../decode.ts';
import { baseName, encodingOf } from '../naming.ts';
import { damaged, type Repository } from '../repository.ts';
import { algorithmOf, type SidecarDocument } from '../sidecar.ts';
import type { Backup } from '../sidecars.ts';
import type { Chunks } from '../through.ts';
import { type IndexRecord, memberPath, tarRecord } from './index-record.ts';
import { inOrder, OrderCheck } from './order.ts';

export interface ScanHow extends How {
  /** Told of each file that was read whole, in the order of the archive. */
  readonly onFile?: ((file: IndexRecord) => void | Promise<void>) | undefined;
  /** Told of the content as it goes by. */
  readonly onBytes?: ((chunk: Uint8Array) => void) | undefined;
}

export interface Scan {
  /** What is wrong with the bytes; undefined: they are what was stored. */
  readonly problem: unknown;
  /** Members in order. */
  readonly records: LineSpool<IndexRecord>;
  readonly readBytes: number;
}

/** Damage is in the answer; what else goes wrong is thrown. */
export async function scan(
  repository: Repository,
  { file }: Backup,
  document: SidecarDocument,
  how: ScanHow,
): Promise<Scan> {
  const { key } = file;
  const checked = new CheckedBytes(repository.store.stream(key, undefined, how), algorithmOf(document) ?? 'sha256');
  let records = new LineSpool<IndexRecord>();
  let problem: unknown;
  try {
    try {
      const content = await decode(repository, key, checked.chunks, how);
      const check = new OrderCheck();
      const isTar = containerOf(document, key) === 'tar';
      for await (const record of isTar ? tarRecords(content, key, how) : singleRecords(content, document, key, how)) {
        check.add(record);
        await records.add(record);
      }
      if (!check.ordered) records = await replaced(records);
    } catch (error) {
      problem = decodeError(error, key, how);
      if (!isDamage(problem)) throw problem;
    }
    const { sizeBytes, checksum } = await checked.finish();
    return { problem: compare(document, { key, sizeBytes, checksum }) ?? problem, records, readBytes: sizeBytes };
  } catch (error) {
    await records[Symbol.asyncDispose]();
    throw error;
  } finally {
    await checked.close();
  }
}

async function replaced(records: LineSpool<IndexRecord>): Promise<LineSpool<IndexRecord>> {
  await using _ = records;
  return await inOrder(records);
}

function isDamage(problem: unknown): boolean {
  return problem instanceof Error && 'code' in problem && problem.code === 'repository.damaged';
}

interface Found {
  readonly key: string;
  readonly sizeBytes: number;
  readonly checksum: string;
}

/** Undefined when the stored bytes are those that the sidecar speaks of. */
export function compare(document: SidecarDocument, { key, sizeBytes, checksum }: Found): Error | undefined {
  if (sizeBytes !== document.size_bytes) {
    return damaged(key, `it has ${sizeBytes} bytes instead of ${document.size_bytes}`);
  }
  if (checksum.toLowerCase() === document.checksum.toLowerCase()) return undefined;
  return damaged(key, 'its checksum is not the one that was recorded');
}

export function containerOf(document: SidecarDocument, key: string): 'tar' | 'single' {
  return document.container ?? (encodingOf(baseName(key)).plainName.endsWith('.tar') ? 'tar' : 'single');
}

async function* tarRecords(content: Chunks, key: string, how: ScanHow): AsyncGenerator<IndexRecord> {
  await using reader = new TarReader(content);
  let ordinal = 0;
  for (let entry = await reader.next(); entry !== undefined; entry = await reader.next(), ordinal++) {
    how.signal.throwIfAborted();
    const path = memberPath(entry.name, key);
    if (path === '') continue;
    const record = tarRecord(entry, { path, key, ordinal, ...(await contentHash(reader, entry)) });
    if (record.sha256 !== undefined) await how.onFile?.(record);
    yield record;
  }
}

async function contentHash(reader: TarReader, { type }: TarEntry): Promise<{ readonly sha256?: string }> {
  if (type !== 'file') return {};
  const hash = createHash('sha256');
  for await (const chunk of reader.content()) hash.update(chunk);
  return { sha256: hash.digest('hex') };
}

async function* singleRecords(
  content: Chunks,
  document: SidecarDocument,
  key: string,
  how: ScanHow,
): AsyncGenerator<IndexRecord> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of content) {
    how.signal.throwIfAborted();
    hash.update(chunk);
    how.onBytes?.(chunk);
    sizeBytes += chunk.length;
  }
  const sha256 = hash.digest('hex');
  for (const entry of document.entries ?? [foreignEntry(document, key)]) {
    memberPath(entry.path, key);
    const isFile = entry.type === 'file';
    const record = { ...entry, ordinal: 0, ...(isFile && { size_bytes: sizeBytes, sha256 }) };
    if (isFile) await how.onFile?.(record);
    yield record;
  }
}

/** A dump of another program, of which nothing is known but its name and time. */
function foreignEntry({ timestamp }: SidecarDocument, key: string): Omit<IndexRecord, 'ordinal'> {
  const path = encodingOf(baseName(key)).plainName;
  const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, user: '', group: '' };
  const mtime_ns = String(BigInt(Date.parse(timestamp)) * 1_000_000n);
  return { path, type: 'file', mode: 0o600, ...owner, mtime_ns, size_bytes: 0 };
}
