import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { listedRepository, pointOf, snapshotOf } from '../../../test/fixtures/snapshots.ts';
import { SuretyError } from '../../base/errors.ts';
import type { Listing } from '../../engines/engine.ts';
import { list } from '../../operations/list.ts';
import { listText } from './list.ts';

before(() => {
  process.env.TZ = 'UTC';
});

const now = new Date('2026-11-20T12:00:00Z');
const how = { now, colors: false };

async function textOf(listings: Readonly<Record<string, Listing | Error>>, lines?: number): Promise<string> {
  const repositories = Object.entries(listings).map(([name, listing]) => listedRepository(name, listing));
  const report = await list({ repositories, typeOf: () => undefined, now }, { signal: new AbortController().signal });
  return listText(report, { ...how, lines });
}

test('what is incomplete, foreign, failed or unreadable is told, and which repository can not be read', async () => {
  const foreign = snapshotOf({
    id: 'f1',
    source: '',
    program: 'restic 0.18.0',
    time: new Date('2026-11-18T03:00:00Z'),
  });
  const [db] = pointOf({ id: '20261120T030000Z-aaaa', time: '2026-11-20T03:00:00Z', members: { db: 'd1' }, of: 2 });
  const failure = {
    id: 'files_20261119_030000',
    time: new Date('2026-11-19T03:00:00Z'),
    source: 'media',
    message: 'gone',
  };
  const text = await textOf({
    vault: {
      snapshots: [foreign, db!],
      failures: [failure],
      incomplete: ['files/files_20261117_030000.tar.gz'],
      unreadable: [{ id: 'ab'.repeat(32), error: new Error('it is damaged') }],
    },
    empty: { snapshots: [], unreadable: [] },
    broken: new SuretyError('store.denied', 'permission denied', { hint: 'look at its mode' }),
  });
  const cells = text.split('\n').map((line) => line.trimEnd());
  assert.deepEqual(cells, [
    'vault (restic, /backup/vault)',
    '  ID                     Time                 Age         Source           Host  Size  Verified  In     Recovery point',
    '  d1000000               2026-11-20 03:00:00  9h 00m ago  db               main     -  -         vault  20261120T030000Z-aaaa (incomplete)',
    '  files_20261119_030000  2026-11-19 03:00:00  1d 09h ago  media            -        -  failed    -      gone',
    '  f1000000               2026-11-18 03:00:00  2d 09h ago  (restic 0.18.0)  main     -  -         vault',
    '  2 snapshots, 1 failed backup',
    '  unreadable: abababab: it is damaged',
    '  incomplete: files/files_20261117_030000.tar.gz: belongs to no snapshot',
    '',
    'empty (restic, /backup/empty)',
    '  no snapshots',
    '',
    'broken (restic, /backup/broken)',
    '  failed',
    '  permission denied',
    '  hint: look at its mode',
    '',
  ]);
});

test('a failure is cut to a line, and what failed again in the same words is not said again', async () => {
  const failures = [18, 19, 20].map((day) => ({
    id: `database_202611${day}_020000`,
    time: new Date(`2026-11-${day}T02:00:00Z`),
    source: 'database',
    message: `the server at 127.0.0.1:5432 does not answer (${'psql: error: '.repeat(20)})`,
  }));
  const other = { ...failures[2]!, id: 'files_20261120_030000', source: 'files', message: 'gone' };
  const text = await textOf({
    vault: { snapshots: [], unreadable: [], failures: [...failures, other] },
  });
  const lines = text.split('\n').filter((line) => line.includes(' failed '));
  const ends = lines.filter((line) => line.includes('database_')).map((line) => line.slice(line.indexOf('failed')));
  assert.match(ends[0] ?? '', /the server at 127\.0\.0\.1:5432 does not answer \(psql.{20,40}…$/);
  assert.deepEqual(
    ends.slice(1).map((end) => end.endsWith(' the same')),
    [true, true],
  );
  assert.ok(lines.some((line) => line.includes('files_') && line.endsWith('gone')));
});

test('of ten thousand snapshots the newest hundred are shown, quickly, and the rest is counted', async () => {
  const snapshots = Array.from({ length: 10_000 }, (_, at) =>
    snapshotOf({
      id: `${at}f`,
      source: `s${at % 7}`,
      recoveryPoint: `R${at}`,
      time: new Date(Date.UTC(2020, 0, 1, at)),
    }),
  );
  const startedMs = performance.now();
  const text = await textOf({ vault: { snapshots, unreadable: [] } }, 100);
  assert.ok(performance.now() - startedMs < 3000);
  const lines = text.split('\n');
  assert.equal(lines.length, 105);
  assert.match(lines[2] ?? '', /^ {2}9999f000 /);
  assert.equal(lines[102], '  … and 9,900 older: --all shows them');
  assert.equal(lines[103], '  10,000 snapshots');
  assert.equal((await textOf({ vault: { snapshots, unreadable: [] } })).split('\n').length, 10_004);
});

test('an archive of borg has its name, and the size that another repository knows', async () => {
  const point = { time: new Date('2026-11-18T03:00:00Z'), recoveryPoint: '20261118T030000Z-aaaa' };
  const stats = {
    ...{ filesNew: 1, filesChanged: 0, filesUnmodified: 0, dirs: 0, others: 0 },
    ...{ sizeBytes: 2048, addedBytes: 0, storedBytes: 0, dataBlobs: 0, treeBlobs: 0 },
  };
  const own = snapshotOf({ id: 'b1', tree: 'media@main:2026-11-18T03:00:00Z', ...point });
  const foreign = snapshotOf({ id: 'b2', tree: 'web-2024', source: '', program: 'borg' });
  const text = await textOf({
    borg: { snapshots: [foreign, own], unreadable: [] },
    vault: { snapshots: [snapshotOf({ id: 'd1', ...point, stats })], unreadable: [] },
  });
  const [borg = ''] = text.split('\nvault');
  assert.match(borg, /^ {2}b2000000 .* web-2024 \(borg\) +main +- /m);
  assert.match(borg, /^ {2}b1000000 .* media +main +2 KiB /m);
});
