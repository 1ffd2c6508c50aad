/** The container sql-backup: dumps a server, or copies older dumps from one folder to the next. */
import type { Draft } from '../draft.ts';
import { nameOf } from '../names.ts';
import type { Reader } from '../reader.ts';
import { type Setting, textOf } from '../settings.ts';
import { bucketOf, noteTransfer, readerOf, secretOf } from './destinations.ts';
import type { Prepared, Run } from './run.ts';
import { schedule } from './schedule.ts';

interface Dump extends Prepared {
  readonly run: Run;
}

/** `hourly` makes dumps; the others copy the oldest file of the one before. */
const TIERS = ['hourly', 'daily', 'weekly', 'monthly'] as const;
type Tier = (typeof TIERS)[number];
const DEFAULT_COUNT = 24;
/** Beside `hourly` and the others: what stands there is not mixed with what `cleanup` looks after. */
const NEW_FOLDER = 'surety';

interface Known extends Dump {
  readonly reader: Reader;
  readonly tier: Tier;
}

/** All tiers of one database become one job: what they copied, `keep` picks. */
export function dumpsOf(dumps: readonly Dump[], draft: Draft): void {
  const known = dumps.flatMap((dump) => tierOf(dump, draft));
  const makers = known.filter(({ tier }) => tier === 'hourly');
  const [first] = known;
  const starts = makers.length > 0 || first === undefined ? makers : [first];
  for (const [at, maker] of starts.entries()) {
    const from = known.indexOf(maker);
    const next = starts[at + 1];
    const to = next === undefined ? known.length : known.indexOf(next);
    // Copies that stand before the first dump belong to it as well.
    jobOf(maker, known.slice(at === 0 ? 0 : from, to), draft);
  }
  for (const { finish } of dumps) finish();
}

function tierOf(dump: Dump, draft: Draft): Known[] {
  const reader = readerOf(dump.settings, draft);
  const type = reader.text('BACKUP_TYPE');
  const tier = TIERS.find((one) => one === (type?.value.toLowerCase() ?? 'hourly'));
  if (tier !== undefined) return [{ ...dump, reader, tier }];
  if (type !== undefined) draft.omit(type.from, `it must be one of ${TIERS.join(', ')}`, 'correct it and import again');
  return [];
}

function jobOf(maker: Known, tiers: readonly Known[], draft: Draft): void {
  const { settings, run } = maker;
  const source = sourceOf(maker, draft);
  const to = [volume(maker, draft), ...copies(maker, draft)];
  const job = nameOf(source, (name) => draft.has('jobs', name), 'databases');
  draft.put('jobs', job, 'sources', [source]);
  draft.put('jobs', job, 'to', to);
  schedule(run, job, draft);
  keep(tiers, job, draft);
  for (const one of tiers) {
    const sleep = one.reader.count('BACKUP_PRE_EXIT_SLEEP_M');
    if (sleep !== undefined && sleep.value > 0)
      draft.omit(sleep.from, 'nothing sleeps after a backup', 'nothing: it was for looking into the container');
    one.settings.take('POST_DEBUG');
    noteTransfer(one.settings, draft);
    if (one !== maker)
      for (const key of [
        'PGHOST',
        'PGUSER',
        'PGADMINPASS',
        'PGPASSFILE',
        'DATABASE',
        'MSHOST',
        'MSPORT',
        'MSUSER',
        'MSPASS',
      ])
        one.settings.take(key);
  }
  settings.take('TZ');
}

function sourceOf(maker: Known, draft: Draft): string {
  const { reader, settings } = maker;
  const [postgres, mysql, database] = [reader.text('PGHOST'), reader.text('MSHOST'), reader.text('DATABASE')];
  const taken = (name: string) => draft.has('sources', name);
  const name = nameOf(database?.value ?? postgres?.value ?? mysql?.value ?? 'databases', taken, 'databases');
  const put = (key: string, value: unknown, from?: Setting) => draft.put('sources', name, key, value, from);
  const isMysql = postgres === undefined && mysql !== undefined;
  const host = isMysql ? mysql : postgres;
  put('type', isMysql ? 'mysql' : 'postgres');
  if (database === undefined) put('databases', 'all');
  else put('database', database.value, database.from);
  if (host !== undefined) put('server', host.value, host.from);
  const port = isMysql ? reader.count('MSPORT') : reader.count('PGPORT');
  if (port !== undefined) put('port', port.value, port.from);
  const user = isMysql ? reader.text('MSUSER') : reader.text('PGUSER');
  if (user !== undefined || !isMysql) put('user', user?.value ?? 'postgres', user?.from);
  const password = settings.take(isMysql ? 'MSPASS' : 'PGADMINPASS');
  if (password !== undefined && textOf(password) !== '-') put('password', secretOf(password, draft), password);
  if (!isMysql && database !== undefined) put('clean', true);
  if (!isMysql && database === undefined) put('format', 'dumpall');
  const passFile = settings.take('PGPASSFILE');
  if (passFile !== undefined)
    draft.note(passFile, 'PostgreSQL reads it under the same name: keep it in the environment of surety');
  if (host === undefined) draft.note(maker.run.self, 'it names no server: the local one is taken');
  return name;
}

/** The volume `/backup`, which may be a bucket that is mounted there. */
function volume({ reader }: Known, draft: Draft): string {
  const name = 'backups';
  if (draft.has('repositories', name)) return name;
  const isBucket = reader.flag('BACKUP_VOLUME_IS_S3');
  const bucket = reader.text('AWS_BUCKET_NAME');
  draft.put('repositories', name, 'type', 'archive');
  if (isBucket?.value === true && bucket !== undefined) {
    const { store, from } = bucketOf(bucket.value, [isBucket.from, bucket.from], reader);
    draft.put('repositories', name, 'store', store, ...from);
  } else draft.put('repositories', name, 'store', 'file:/backup', isBucket?.from);
  naming(name, draft);
  draft.comment(
    'repositories',
    name,
    'The volume of the container: write its path as it is where Surety runs. New dumps go to a folder of their own: those of the container carry no metadata, and Surety leaves them alone.',
  );
  return name;
}

function naming(name: string, draft: Draft): void {
  draft.put('repositories', name, 'folder', NEW_FOLDER);
  draft.put('repositories', name, 'name', 'backup-{iso}Z-{database}');
  draft.put('repositories', name, 'compression', 'gzip');
}

/** Copies of the volume on another machine and in a bucket. */
function copies({ reader, settings }: Known, draft: Draft): string[] {
  const names: string[] = [];
  const [host, user, path] = [reader.text('RSYNC_HOST'), reader.text('RSYNC_USER'), reader.text('RSYNC_PATH')];
  const password = settings.take('RSYNC_PASS');
  if (host !== undefined) {
    names.push('other-host');
    const at = `${user === undefined ? '' : `${user.value}@`}${host.value}`;
    draft.put('repositories', 'other-host', 'type', 'archive');
    draft.put(
      'repositories',
      'other-host',
      'store',
      `sftp://${at}${path?.value.startsWith('/') === true ? '' : '/'}${path?.value ?? ''}`,
      host.from,
      user?.from,
      path?.from,
    );
    naming('other-host', draft);
  }
  if (password !== undefined)
    draft.omit(
      password,
      'machines are reached with keys, not with passwords',
      'make a key with ssh-keygen and allow it there; nothing was copied',
    );
  const uses = reader.flag('USE_RCLONE');
  const place = reader.text('USE_RCLONE_BUCKET_AND_PATH');
  if (place !== undefined && (uses === undefined || uses.value)) {
    names.push('bucket');
    const { store, from } = bucketOf(place.value, [uses?.from, place.from], reader);
    draft.put('repositories', 'bucket', 'type', 'archive');
    draft.put('repositories', 'bucket', 'store', store, ...from);
    naming('bucket', draft);
  }
  return names;
}

function keep(tiers: readonly Known[], job: string, draft: Draft): void {
  const value: Record<string, number> = {};
  const from: Setting[] = [];
  for (const { tier, reader, settings } of tiers) {
    const count = reader.count('BACKUP_COUNT');
    value[tier === 'hourly' ? 'last' : tier] = count?.value ?? DEFAULT_COUNT;
    if (count !== undefined) from.push(count.from);
    for (const key of ['BACKUP_TYPE', 'BACKUP_PRIOR_TYPE', 'BACKUP_PRIOR_COUNT']) {
      const setting = settings.take(key);
      if (setting !== undefined) from.push(setting);
    }
  }
  draft.put('jobs', job, 'keep', value, ...from);
  const copied = tiers.filter(({ tier }) => tier !== 'hourly');
  for (const { run } of copied)
    draft.note(
      run.self,
      'nothing is copied: of each day, week or month the newest backup stays, where the container kept the oldest',
    );
  if (copied.length === tiers.length && copied[0] !== undefined)
    draft.note(copied[0].run.self, 'this container makes no dump, it only copies: import the hourly one as well');
}
