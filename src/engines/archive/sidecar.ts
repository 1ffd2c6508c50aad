/**
 * The metadata file beside each backup, `ID_metadata.json`: its commit marker. Ten fields are what other programs write too; the rest is
 * Surety's, and missing in their files. docs/formats/archive.md has all of them.
 */
import type { BackupStats, SnapshotFacts } from '../engine.ts';
import type { EntryRecord } from '../entry-record.ts';
import { contentProblem } from './content-schema.ts';
import type { Compression } from './options.ts';
import { damaged } from './repository.ts';

export const FORMAT_VERSION = 1;
const ALGORITHMS = ['sha256', 'sha512', 'sha1', 'md5'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** The fields that every sidecar has. */
export interface CommonFields {
  readonly backup_id: string;
  /** When the run began, in ISO 8601; without a time zone it is that of this machine. */
  readonly timestamp: string;
  readonly backup_type: string;
  /** Of the stored file, and so is the checksum. */
  readonly size_bytes: number;
  readonly checksum: string;
  readonly files_included: readonly string[];
  readonly compressed: boolean;
  readonly encrypted: boolean;
  readonly status: string;
  readonly error_message: string | null;
}

/** What Surety adds. */
export interface OwnFields {
  readonly format_version: number;
  readonly source: string;
  readonly kind: string;
  readonly host: string;
  readonly user: string;
  readonly paths: readonly string[];
  readonly tags: readonly string[];
  readonly recovery_point: string;
  readonly started_at: string;
  readonly ended_at: string;
  readonly duration_ms: number;
  readonly program: string;
  readonly warnings: number;
}

/** What a backup that succeeded has besides. */
export interface ContentFields {
  readonly checksum_algorithm: Algorithm;
  readonly container: 'tar' | 'single';
  readonly compression: Compression;
  readonly encryption: 'age' | null;
  readonly uncompressed_size_bytes: number;
  /** Null where the file is encrypted: it would tell what is in it. */
  readonly uncompressed_checksum: string | null;
  readonly stats: BackupStats;
  readonly facts: SnapshotFacts;
  /** Of a single file: it and the directories above it. */
  readonly entries?: readonly EntryRecord[] | undefined;
  /** Of a tar archive with few files, unless it is encrypted; else they are in {@link file_list}. */
  readonly files?: readonly ListedFile[] | undefined;
  /** Name of the list of files, beside the sidecar. */
  readonly file_list?: { readonly name: string; readonly files: number } | undefined;
}

/** One file of an archive, in the order they have there. */
export interface ListedFile {
  readonly path: string;
  readonly size_bytes: number;
  readonly sha256: string;
}

export type SidecarDocument = CommonFields & Partial<OwnFields> & Partial<ContentFields>;

/** Throws `repository.damaged` for what is no sidecar. */
export function parseSidecar(bytes: Uint8Array, key: string): SidecarDocument {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw damaged(key, 'it is not JSON', cause);
  }
  const problem = schemaProblem(value);
  if (problem !== undefined) throw damaged(key, problem);
  return told(value as SidecarDocument);
}

const FOREIGN_FIELDS: ReadonlySet<string> = new Set([
  'backup_id',
  'timestamp',
  'backup_type',
  'size_bytes',
  'checksum',
  'checksum_algorithm',
  'files_included',
  'compressed',
  'encrypted',
  'status',
]);

/** What Surety calls `host` or `tags` may be something else where another program wrote it: of that, only the common fields count. */
function told(document: SidecarDocument): SidecarDocument {
  const { error_message: said } = document;
  const error_message =
    said === undefined || said === null ? null : typeof said === 'string' ? said : JSON.stringify(said);
  if (document.format_version !== undefined) return { ...document, error_message };
  const common = Object.entries(document).filter(([name]) => FOREIGN_FIELDS.has(name));
  return { ...(Object.fromEntries(common) as unknown as SidecarDocument), error_message };
}

const FIELD_TYPES: Readonly<Record<string, 'string' | 'number' | 'boolean'>> = {
  backup_id: 'string',
  timestamp: 'string',
  backup_type: 'string',
  size_bytes: 'number',
  checksum: 'string',
  compressed: 'boolean',
  encrypted: 'boolean',
  status: 'string',
};
const OWN_TYPES: Readonly<Record<string, 'string' | 'number'>> = {
  source: 'string',
  kind: 'string',
  host: 'string',
  user: 'string',
  recovery_point: 'string',
  program: 'string',
  started_at: 'string',
  duration_ms: 'number',
};

/** What is wrong with a sidecar, or undefined. Fields that nobody knows are left alone. */
function schemaProblem(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'it is not an object';
  const fields = value as Record<string, unknown>;
  for (const [name, type] of Object.entries(FIELD_TYPES)) {
    // Of a backup that failed there may be no checksum.
    const isLeftOut = name === 'checksum' && fields.checksum === null && fields.status !== 'success';
    if (typeof fields[name] !== type && !isLeftOut) return `${name} is missing or not a ${type}`;
  }
  if (Number.isNaN(Date.parse(String(fields.timestamp)))) return 'timestamp is not a time';
  if (!areTexts(fields.files_included)) return 'files_included is not a list of names';
  if (!Number.isSafeInteger(fields.size_bytes) || (fields.size_bytes as number) < 0) return 'size_bytes is not a size';
  return isSuccess(fields.status) || fields.format_version !== undefined ? ownProblem(fields) : undefined;
}

function ownProblem(fields: Record<string, unknown>): string | undefined {
  if (isSuccess(fields.status) && algorithmOf(fields) === undefined) return 'checksum is not one that is known';
  if (fields.format_version === undefined) return undefined;
  if (fields.format_version !== FORMAT_VERSION) return `it has format version ${String(fields.format_version)}`;
  for (const [name, type] of Object.entries(OWN_TYPES)) {
    if (typeof fields[name] !== type) return `${name} is missing or not a ${type}`;
  }
  if (!areTexts(fields.paths) || !areTexts(fields.tags)) return 'paths or tags are missing';
  if (!isSuccess(fields.status)) return undefined;
  if (!['tar', 'single'].includes(String(fields.container))) return 'container is missing';
  return contentProblem(fields);
}

function areTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

export function isSuccess(status: unknown): boolean {
  return status === 'success' || status === 'completed';
}

export function isFailure(status: unknown): boolean {
  return status === 'failed' || status === 'error';
}

/** The named algorithm, or the one whose checksums have this length. */
export function algorithmOf({
  checksum,
  checksum_algorithm: named,
}: {
  readonly checksum?: unknown;
  readonly checksum_algorithm?: unknown;
}): Algorithm | undefined {
  const digits = { 32: 'md5', 40: 'sha1', 64: 'sha256', 128: 'sha512' } as const;
  if (typeof checksum !== 'string' || !/^[0-9a-f]+$/i.test(checksum)) return undefined;
  const byLength = digits[checksum.length as keyof typeof digits];
  return named === undefined || named === byLength ? byLength : undefined;
}
