/** What Surety wrote about the source into the snapshot: a JSON document in the root of its tree. */
import { RESERVED_NAME } from '../../sources/source.ts';
import type { How, Snapshot, SnapshotFacts } from '../engine.ts';
import { type BlobTable, DATA } from './blob-table.ts';
import { damaged } from './format/damaged.ts';
import { idBytes } from './format/id.ts';
import type { Node } from './format/node.ts';
import { nodesOf } from './format/tree.ts';
import { loadIndex, recentIndex } from './load-index.ts';
import { readBlob } from './read-blob.ts';
import type { Repository } from './repository.ts';
import { SURETY_TAG } from './snapshots.ts';
import { openTreeReader } from './tree-reader.ts';

/** Name of the document in the root of a snapshot's tree. */
export const FACTS_FILE = RESERVED_NAME;

const MAX_FACTS_BYTES = 64 * 1024 * 1024;

export async function facts(repository: Repository, snapshot: Snapshot, how: How): Promise<SnapshotFacts | undefined> {
  if (!snapshot.tags.includes(SURETY_TAG)) return undefined;
  const early = await recentIndex(repository, how).catch(() => undefined);
  // An index from before the snapshot may lack what it needs.
  const found = early && (await readFacts(repository, early.table, snapshot, how).catch(() => undefined));
  if (found !== undefined) return found;
  const { table } = await loadIndex(repository, how);
  return await readFacts(repository, table, snapshot, how);
}

/** The same where the index is loaded already. Undefined for a snapshot that Surety did not write. */
export async function readFacts(
  repository: Repository,
  table: BlobTable,
  snapshot: Snapshot,
  how: How,
): Promise<SnapshotFacts | undefined> {
  if (!snapshot.tags.includes(SURETY_TAG)) return undefined;
  const root = await openTreeReader(repository, table, 'use').read(snapshot.tree, how);
  const node = findFacts(root, snapshot.tree);
  return node === undefined ? undefined : parseFacts(await readContent(repository, table, node, how), snapshot);
}

function findFacts(root: Uint8Array, tree: string): Node | undefined {
  for (const node of nodesOf(root, tree)) if (node.name === FACTS_FILE && node.type === 'file') return node;
  return undefined;
}

async function readContent(repository: Repository, table: BlobTable, node: Node, how: How): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  if (node.sizeBytes > MAX_FACTS_BYTES) throw damaged(FACTS_FILE, 'it is too large');
  for (const id of node.content)
    parts.push(await readBlob(repository, table, idBytes(id), DATA, { ...how, kept: 'use' }));
  return Buffer.concat(parts);
}

function parseFacts(json: Buffer, snapshot: Snapshot): SnapshotFacts {
  const key = `snapshots/${snapshot.id} (${FACTS_FILE})`;
  let value: unknown;
  try {
    value = JSON.parse(json.toString('utf8'));
  } catch (error) {
    throw damaged(key, 'it is not JSON', error);
  }
  if (!isFacts(value)) throw damaged(key, 'it does not say what was backed up');
  return { ...value, recoveryPoint: snapshot.recoveryPoint };
}

/** The recovery point stands in the snapshot's tags only: so the document of an unchanged source stays the same, and costs nothing. */
function isFacts(value: unknown): value is Omit<SnapshotFacts, 'recoveryPoint'> {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, versions, source, host, files, sizeBytes, notes } = value as Record<string, unknown>;
  const texts = [kind, source, host].every((one) => typeof one === 'string');
  const counts = [files, sizeBytes].every((one) => typeof one === 'number');
  const lines = notes === undefined || (Array.isArray(notes) && notes.every((one) => typeof one === 'string'));
  return texts && counts && lines && typeof versions === 'object' && versions !== null;
}
