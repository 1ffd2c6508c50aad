/**
 * The document that Surety puts into each archive, as a file of lines of JSON. The first is what the source said of itself. The others are
 * entries as the source told them, in order, where borg does not keep all of them: `borg import-tar` drops extended attributes and the last
 * digits of times.
 */
import type { How, Snapshot, SnapshotFacts } from '../engine.ts';
import { parseLines } from '../json-lines.ts';
import type { DocumentHead, DocumentRecord } from './held-entry.ts';
import { documentPath } from './list.ts';
import { archiveArgument } from './naming.ts';
import { damaged, type Repository } from './repository.ts';
import { borgOutput } from './run.ts';

export interface ArchiveDocument {
  /** Its path in the archive. */
  readonly path: string;
  readonly head: DocumentHead;
  /** Taken once. */
  readonly records: AsyncGenerator<DocumentRecord>;
}

/** So many documents, and so many entries of each, are kept. */
const KEPT_DOCUMENTS = 8;
const KEPT_RECORDS = 1000;

/** Undefined for an archive that Surety did not write. Its records are to be taken, or given up by `return`. */
export async function openDocument(
  repository: Repository,
  snapshot: Snapshot,
  how: How,
): Promise<ArchiveDocument | undefined> {
  const known = repository.facts.get(snapshot.id);
  if (known?.records !== undefined) return { ...known, records: given(known.records) };
  const path = await documentPath(repository, snapshot, how);
  if (path === undefined) return undefined;
  const args = ['extract', '--stdout', archiveArgument(snapshot.tree), `pf:${path}`];
  const output = borgOutput(repository, args, { ...how, doing: `what Surety wrote into ${snapshot.tree}` });
  const lines = parseLines<unknown>(output);
  try {
    const first = await lines.next();
    const head = first.done === true ? undefined : first.value;
    if (isHead(head)) return { path, head, records: lines as AsyncGenerator<DocumentRecord> };
  } catch (error) {
    await lines.return(undefined);
    if (error instanceof SyntaxError) throw damaged(`${snapshot.tree} (${path})`, 'it is not JSON', error);
    throw error;
  }
  await lines.return(undefined);
  throw damaged(`${snapshot.tree} (${path})`, 'it does not say what was backed up');
}

/** What the source recorded. */
export async function facts(repository: Repository, snapshot: Snapshot, how: How): Promise<SnapshotFacts | undefined> {
  const known = repository.facts.get(snapshot.id);
  if (known !== undefined) return known.head.facts;
  const document = await openDocument(repository, snapshot, how);
  if (document === undefined) return undefined;
  const { path, head } = document;
  const records = await fewRecords(document.records);
  if (repository.facts.size >= KEPT_DOCUMENTS) repository.facts.delete(repository.facts.keys().next().value ?? '');
  repository.facts.set(snapshot.id, { path, head, records });
  return head.facts;
}

/** All of them; undefined where there are more than are kept. */
async function fewRecords(all: ArchiveDocument['records']): Promise<DocumentRecord[] | undefined> {
  const records: DocumentRecord[] = [];
  for await (const record of all) {
    records.push(record);
    if (records.length > KEPT_RECORDS) return undefined;
  }
  return records;
}

async function* given(records: readonly DocumentRecord[]): AsyncGenerator<DocumentRecord> {
  yield* records;
}

function isHead(value: unknown): value is DocumentHead {
  if (typeof value !== 'object' || value === null || !('facts' in value)) return false;
  const { facts } = value;
  if (typeof facts !== 'object' || facts === null) return false;
  const { kind, versions, source, host, files, sizeBytes } = facts as Record<string, unknown>;
  const texts = [kind, source, host].every((one) => typeof one === 'string');
  const counts = [files, sizeBytes].every((one) => typeof one === 'number');
  return texts && counts && typeof versions === 'object' && versions !== null;
}
