/** Snapshot files. */

import { type Fields, parseFields } from './fields.ts';
import { goString } from './go-string.ts';
import { formatTime } from './time.ts';

export interface SnapshotDocument {
  readonly timeNs: bigint;
  readonly parent?: string | undefined;
  /** Id of the root's tree. */
  readonly tree: string;
  readonly paths: readonly string[];
  readonly host: string;
  readonly user: string;
  readonly uid: number;
  readonly gid: number;
  readonly excludes: readonly string[];
  readonly tags: readonly string[];
  /** The snapshot this one was made from by changing its metadata. */
  readonly original?: string | undefined;
  readonly program: string;
  readonly summary?: SnapshotSummary | undefined;
}

/** What the backup did, as restic 0.17 and later record it. */
export interface SnapshotSummary {
  readonly startedNs: bigint;
  readonly endedNs: bigint;
  readonly filesNew: number;
  readonly filesChanged: number;
  readonly filesUnmodified: number;
  readonly dirsNew: number;
  readonly dirsChanged: number;
  readonly dirsUnmodified: number;
  readonly dataBlobs: number;
  readonly treeBlobs: number;
  readonly addedBytes: number;
  readonly storedBytes: number;
  readonly files: number;
  readonly sizeBytes: number;
}

export function encodeSnapshot(snapshot: SnapshotDocument): string {
  const { parent, paths, host, user, uid, gid, excludes, tags, original, program, summary } = snapshot;
  let text = `{"time":"${formatTime(snapshot.timeNs)}"`;
  if (parent !== undefined) text += `,"parent":"${parent}"`;
  text += `,"tree":"${snapshot.tree}","paths":${list(paths)}`;
  if (host !== '') text += `,"hostname":${goString(host)}`;
  if (user !== '') text += `,"username":${goString(user)}`;
  if (uid !== 0) text += `,"uid":${uid}`;
  if (gid !== 0) text += `,"gid":${gid}`;
  if (excludes.length > 0) text += `,"excludes":${list(excludes)}`;
  if (tags.length > 0) text += `,"tags":${list(tags)}`;
  if (original !== undefined) text += `,"original":"${original}"`;
  if (program !== '') text += `,"program_version":${goString(program)}`;
  if (summary !== undefined) text += `,"summary":${encodeSummary(summary)}`;
  return `${text}}`;
}

function list(texts: readonly string[]): string {
  return `[${texts.map(goString).join(',')}]`;
}

const COUNTS = [
  ['files_new', 'filesNew'],
  ['files_changed', 'filesChanged'],
  ['files_unmodified', 'filesUnmodified'],
  ['dirs_new', 'dirsNew'],
  ['dirs_changed', 'dirsChanged'],
  ['dirs_unmodified', 'dirsUnmodified'],
  ['data_blobs', 'dataBlobs'],
  ['tree_blobs', 'treeBlobs'],
  ['data_added', 'addedBytes'],
  ['data_added_packed', 'storedBytes'],
  ['total_files_processed', 'files'],
  ['total_bytes_processed', 'sizeBytes'],
] as const;

function encodeSummary(summary: SnapshotSummary): string {
  const counts = COUNTS.map(([name, field]) => `,"${name}":${summary[field]}`).join('');
  return `{"backup_start":"${formatTime(summary.startedNs)}","backup_end":"${formatTime(summary.endedNs)}"${counts}}`;
}

/** Reads a snapshot's JSON. Throws when it is not one. */
export function decodeSnapshot(json: Uint8Array, key: string): SnapshotDocument {
  const fields = parseFields(json, key);
  const summary = fields.optionalFields('summary');
  return {
    timeNs: fields.time('time'),
    parent: fields.optionalId('parent'),
    tree: fields.id('tree'),
    paths: fields.texts('paths'),
    host: fields.text('hostname'),
    user: fields.text('username'),
    uid: fields.count('uid'),
    gid: fields.count('gid'),
    excludes: fields.texts('excludes'),
    tags: fields.texts('tags'),
    original: fields.optionalId('original'),
    program: fields.text('program_version'),
    summary: summary === undefined ? undefined : decodeSummary(summary),
  };
}

function decodeSummary(fields: Fields): SnapshotSummary {
  const counts = COUNTS.map(([name, field]) => [field, fields.count(name)] as const);
  return {
    startedNs: fields.time('backup_start'),
    endedNs: fields.time('backup_end'),
    ...(Object.fromEntries(counts) as Record<(typeof COUNTS)[number][1], number>),
  };
}
