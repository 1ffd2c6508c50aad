/** The container volume-replicator: one volume, or bucket, made equal to another. */
import type { Draft } from '../draft.ts';
import { nameOf } from '../names.ts';
import type { Reader, Taken } from '../reader.ts';
import type { Setting } from '../settings.ts';
import { bucketOf, noteTransfer, readerOf } from './destinations.ts';
import type { Prepared, Run } from './run.ts';
import { schedule } from './schedule.ts';

/** Where the container has its volumes. */
const VOLUMES = { A: '/volume-a', B: '/volume-b' } as const;
/** One copy for each day of the week. */
const WEEKDAYS = 7;

type Volume = keyof typeof VOLUMES;

export function copiesOf(run: Run, prepared: Prepared, draft: Draft): void {
  const { settings, finish } = prepared;
  const reader = readerOf(settings, draft);
  const direction = reader.text('REPLICATE_DIRECTION');
  const [, from, to] = /^([AB])to([AB])$/.exec(direction?.value ?? '') ?? [];
  const bucket = reader.flag('VOLUME_A_IS_S3');
  if (direction === undefined || from === to) {
    draft.omit(direction?.from ?? run.self, 'REPLICATE_DIRECTION must be AtoB or BtoA', 'set it and import again');
  } else if (from === 'A' && bucket?.value === true) {
    omitBucket([bucket.from, direction.from, reader.text('S3_BUCKET_NAME')?.from], draft);
  } else {
    const source = filesOf(from as Volume, direction.from, draft);
    const repository = targetOf(to as Volume, { reader, isBucket: bucket, direction: direction.from }, draft);
    draft.put('jobs', source, 'sources', [source]);
    draft.put('jobs', source, 'to', [repository]);
    schedule(run, source, draft);
    const weekly = reader.flag('USE_DOW_FOR_RCLONE');
    draft.put('jobs', source, 'keep', weekly?.value === true ? { daily: WEEKDAYS } : { last: 1 }, weekly?.from);
    switches(settings.take('REPLICATE_DELETE'), settings.take('REPLICATE_QUIETLY'), draft);
    settings.take('S3_REQUEST_STYLE');
    noteTransfer(settings, draft);
  }
  finish();
}

function omitBucket(settings: readonly (Setting | undefined)[], draft: Draft): void {
  const remedy = 'mount it where Surety runs, and name that folder in a files source';
  for (const setting of settings) if (setting !== undefined) draft.omit(setting, 'a bucket is no source', remedy);
}

interface Target {
  readonly reader: Reader;
  readonly isBucket: Taken<boolean> | undefined;
  readonly direction: Setting;
}

/** The other volume, or the bucket that is mounted there or that rclone fills. */
function targetOf(volume: Volume, { reader, isBucket, direction }: Target, draft: Draft): string {
  const rclone = reader.flag('USE_RCLONE');
  const named = [reader.text('S3_BUCKET_NAME'), reader.text('AWS_BUCKET_NAME')];
  const place = reader.text('USE_RCLONE_BUCKET_AND_PATH') ?? named[0] ?? named[1];
  const fills = volume === 'A' && (isBucket?.value === true || rclone?.value === true);
  const repository = nameOf(fills ? 'bucket' : 'copy', (name) => draft.has('repositories', name));
  draft.put('repositories', repository, 'type', 'mirror');
  if (fills && place !== undefined) {
    const { store, from } = bucketOf(place.value, [place.from, isBucket?.from, rclone?.from], reader);
    draft.put('repositories', repository, 'store', store, ...from);
  } else draft.put('repositories', repository, 'store', `file:${VOLUMES[volume]}`, direction);
  return repository;
}

function filesOf(volume: Volume, from: Setting, draft: Draft): string {
  const path = VOLUMES[volume];
  const name = nameOf(path, (one) => draft.has('sources', one) || draft.has('jobs', one));
  draft.put('sources', name, 'type', 'files');
  draft.put('sources', name, 'paths', [path], from);
  draft.put('sources', name, 'exclude', ['lost+found/']);
  draft.put('sources', name, 'exclude_caches', false);
  draft.put('sources', name, 'require_mount', true);
  draft.comment(
    'sources',
    name,
    'The volume of the container: write its path as it is where Surety runs. Unless something is mounted there, the backup fails.',
  );
  return name;
}

/** Deleting is what a mirror does; being quiet is decided with each call. */
function switches(deletes: Setting | undefined, quietly: Setting | undefined, draft: Draft): void {
  const keeps = deletes !== undefined && /^(?:no|false|0)$/i.test(String(deletes.value));
  if (keeps)
    draft.omit(
      deletes,
      'a mirror has what its source has, and nothing else',
      'use a restic repository with `keep`: what was deleted stays in older snapshots',
    );
  if (quietly !== undefined) draft.note(quietly, '`surety backup --quiet` prints nothing unless something is wrong');
}
