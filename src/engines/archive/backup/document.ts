/** Fills in the sidecar. */
import type { SourceFacts } from '../../../sources/source.ts';
import { toRecord } from '../../entry-record.ts';
import type { Shape } from '../../shape.ts';
import type { Tally } from '../../tally.ts';
import { type NameFacts, typeOfKind } from '../naming.ts';
import { type CommonFields, type ContentFields, FORMAT_VERSION, type OwnFields } from '../sidecar.ts';
import type { FileList } from './file-list.ts';
import type { ReservedName } from './reserve.ts';
import type { StoredContent } from './store-content.ts';
import type { Working } from './working.ts';

export type FullDocument = CommonFields & OwnFields & ContentFields;

export interface Finished extends StoredContent {
  readonly shape: Shape;
  readonly name: ReservedName;
  readonly facts: NameFacts;
  readonly list: FileList;
  readonly listName: string | undefined;
  readonly tally: Tally;
}

export function successDocument(working: Working, finished: Finished): FullDocument {
  const { repository } = working;
  const { shape, name, facts, list, listName, tally, stored, plain } = finished;
  const encrypted = repository.recipients.length > 0;
  const file = `${name.id}.${facts.ext}`;
  return {
    ...commonFields(working, name.id),
    size_bytes: stored.sizeBytes,
    checksum: stored.checksum,
    files_included: listName === undefined ? [file] : [file, listName],
    compressed: repository.compression !== 'none',
    encrypted,
    status: 'success',
    error_message: null,
    ...ownFields(working, tally.warnings),
    checksum_algorithm: repository.checksum,
    container: shape.container,
    compression: repository.compression,
    encryption: encrypted ? 'age' : null,
    uncompressed_size_bytes: plain.sizeBytes,
    uncompressed_checksum: encrypted ? null : plain.checksum,
    stats: tally.stats(stored.sizeBytes),
    facts: snapshotFacts(working, finished.sourceFacts, tally.warnings),
    ...(shape.container === 'single' && { entries: singleEntries(finished) }),
    ...(shape.container === 'tar' && listName === undefined && { files: list.inline ?? [] }),
    ...(listName !== undefined && { file_list: { name: listName, files: list.count } }),
  };
}

function singleEntries({ shape, plain, xattrs }: Finished): ContentFields['entries'] {
  if (shape.container !== 'single') return undefined;
  const file = { ...shape.file, sizeBytes: plain.sizeBytes };
  return [...shape.dirs, file].map((entry, at) => toRecord(entry, xattrs[at] ?? []));
}

function snapshotFacts({ repository, reading, how }: Working, facts: SourceFacts, warnings: number) {
  const { source, recoveryPoint } = how;
  return { ...facts, source, host: reading.host, recoveryPoint, program: repository.program, warnings };
}

export function commonFields({ how }: Working, id: string): Omit<CommonFields, 'status' | 'error_message'> {
  return {
    backup_id: id,
    timestamp: how.startedAt.toISOString(),
    backup_type: typeOfKind(how.kind),
    size_bytes: 0,
    checksum: '',
    files_included: [],
    compressed: false,
    encrypted: false,
  };
}

export function ownFields({ repository, reading, how, startedAt, startedMs }: Working, warnings: number): OwnFields {
  return {
    format_version: FORMAT_VERSION,
    source: how.source,
    kind: how.kind,
    host: reading.host,
    user: repository.user,
    paths: reading.paths,
    tags: how.tags,
    recovery_point: how.recoveryPoint,
    started_at: startedAt.toISOString(),
    ended_at: repository.clock.now().toISOString(),
    duration_ms: Math.round(repository.clock.elapsedMs() - startedMs),
    program: repository.program,
    warnings,
  };
}
