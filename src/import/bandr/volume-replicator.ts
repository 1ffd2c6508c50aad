/** The container volume-replicator: one volume, or bucket, made equal to another. */
import type { Draft } from '../draft.ts';
import { nameOf } from '../names.ts';
import type { Setting } from '../settings.ts';
import { bucketOf, noteTransfer, readerOf } from './destinations.ts';
import type { Prepared, Run } from './run.ts';
import { schedule } from './schedule.ts';

/** Where the container has its volumes. */
const VOLUMES = { A: '/volume-a', B: '/volume-b' } as const;
/** One copy for each day of the week. */
const WEEKDAYS = 7;

export function copiesOf(run: Run, { settings, finish }: Prepared, draft: Draft): void {
  const reader = readerOf(settings, draft);
  const direction = reader.text('REPLICATE_DIRECTION');
  const [, from, to] = /^([AB])to([AB])$/.exec(direction?.value ?? '') ?? [];
  if (direction === undefined || from === undefined || to === undefined || from === to) {
    draft.omit(direction?.from ?? run.self, 'REPLICATE_DIRECTION must be AtoB or BtoA', 'set it and import again');
    finish();
    return;
  }
  const aIsBucket = reader.flag('VOLUME_A_IS_S3');
  const bucket = reader.text('S3_BUCKET_NAME') ?? reader.text('AWS_BUCKET_NAME');
  const rclone = reader.flag('USE_RCLONE');
  const target = reader.text('USE_RCLONE_BUCKET_AND_PATH') ?? bucket;
  if (from === 'A' && aIsBucket?.value === true) {
    draft.omit(
      aIsBucket.from,
      'a bucket is no source',
      'mount it where Surety runs, and name that folder in a files source',
    );
    for (const taken of [direction, bucket])
      if (taken !== undefined) draft.omit(taken.from, 'a bucket is no source', 'as above');
    finish();
    return;
  }
  const source = filesOf(from as keyof typeof VOLUMES, direction.from, draft);
  const isBucket = to === 'A' && (aIsBucket?.value === true || rclone?.value === true) && target !== undefined;
  const repository = nameOf(isBucket ? 'bucket' : 'copy', (name) => draft.has('repositories', name));
  draft.put('repositories', repository, 'type', 'mirror');
  if (isBucket) {
    const { store, from: said } = bucketOf(target.value, [target.from, aIsBucket?.from, rclone?.from], reader);
    draft.put('repositories', repository, 'store', store, ...said);
  } else draft.put('repositories', repository, 'store', `file:${VOLUMES[to as keyof typeof VOLUMES]}`, direction.from);
  draft.put('jobs', source, 'sources', [source]);
  draft.put('jobs', source, 'to', [repository]);
  schedule(run, source, draft);
  const weekly = reader.flag('USE_DOW_FOR_RCLONE');
  draft.put('jobs', source, 'keep', weekly?.value === true ? { daily: WEEKDAYS } : { last: 1 }, weekly?.from);
  switches(settings.take('REPLICATE_DELETE'), settings.take('REPLICATE_QUIETLY'), draft);
  settings.take('S3_REQUEST_STYLE');
  noteTransfer(settings, draft);
  finish();
}

function filesOf(volume: keyof typeof VOLUMES, from: Setting, draft: Draft): string {
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
