import assert from 'node:assert/strict';
import { test } from 'node:test';
import { snapshotOf } from '../../../test/fixtures/snapshots.ts';
import type { ShowReport } from '../../operations/show.ts';
import { showText } from './show.ts';

const now = new Date('2026-11-20T04:00:00Z');
const facts = {
  ...{ kind: 'sqlite', versions: { sqlite: '3.53.4' }, files: 1, sizeBytes: 4096, source: 'app', host: 'main' },
  ...{ recoveryPoint: '', program: 'surety 0.1.0', warnings: 0 },
};

function shown(more: object): string {
  const snapshots = [
    { snapshot: snapshotOf({ id: 'abc', source: 'app' }), facts: { ...facts, ...more }, copies: [], pins: [] },
  ];
  const report = { repository: 'vault', location: '/backup', point: undefined, snapshots, unread: [] };
  return showText(report, now);
}

test('what the source noted is shown, each on a line of its own and without what steers a terminal', () => {
  const text = shown({ notes: ['2 rows refer to rows that are not there (foreign keys)', 'odd \u001b[31m'] });
  assert.match(text, /^note +2 rows refer to rows that are not there \(foreign keys\)$/m);
  assert.match(text, /^note +odd \\x1b\[31m$/m);
  assert.doesNotMatch(shown({}), /^note/m);
});

test('what a database contained and how long it was stopped is shown', () => {
  const tables = [{ name: 'people', rows: 12_345, checksum: 'ab'.repeat(16) }];
  const views = ['a', 'b'].map((name) => ({ kind: 'view', name, value: '' }));
  const objects = [...views, { kind: 'large-object', name: 'all', value: '3' }];
  const text = shown({ downtimeMs: 4200, fingerprint: { algorithm: 'x', tables, objects } });
  assert.match(text, /^stopped for +4\.2 s$/m);
  assert.match(text, /^ +people +12,345 +abababababababab$/m);
  assert.match(text, /^ +2 views, 3 large objects$/m);
});

test('its size is shown before and after compression', () => {
  const counts = { filesNew: 2, filesChanged: 0, filesUnmodified: 1, dirs: 0, others: 0, dataBlobs: 2, treeBlobs: 1 };
  const stats = { ...counts, sizeBytes: 300 * 1024 ** 2, addedBytes: 100 * 1024 ** 2, storedBytes: 20 * 1024 ** 2 };
  const snapshots = [{ snapshot: { ...snapshotOf({ id: 'abc', source: 'app' }), stats }, facts, copies: [], pins: [] }];
  const text = showText({ repository: 'vault', location: '/', point: undefined, snapshots, unread: [] }, now);
  assert.match(text, /^content +1 file, 4 KiB$/m);
  assert.match(text, /^added +100 MiB, stored 20 MiB$/m);
});

test('everywhere it is stored is told, with what is known of it there', () => {
  const verifiedAt = new Date(2026, 10, 20, 3, 7);
  const copies = [
    { repository: 'vault', id: 'abc', state: 'unverified', verifiedAt: undefined, message: '' },
    { repository: 'offsite', id: 'def', state: 'data', verifiedAt, message: '' },
    { repository: 'plain', id: 'ghi', state: 'bad', verifiedAt, message: 'its checksum is another one' },
  ] as const;
  const snapshots = [{ snapshot: snapshotOf({ id: 'abc', source: 'app' }), facts, copies, pins: [] }];
  const text = showText({ repository: 'vault', location: '/', point: undefined, snapshots, unread: [] }, now);
  const lines = text.split('\n').filter((line) => / as /.test(line));
  assert.match(lines[0]!, /^stored in +vault as \w+: not verified$/);
  assert.match(lines[1]!, /^ +offsite as \w+: every byte verified, 2026-11-20 03:07:00$/);
  assert.match(lines[2]!, /^ +plain as \w+: bad, 2026-11-20 03:07:00: its checksum is another one$/);
});

test('a recovery point begins with its members', () => {
  const members = ['app', 'media'].map((source, at) => snapshotOf({ id: `a${at}`, source }));
  const fingerprint = {
    algorithm: 'x',
    tables: [
      { name: 'a', rows: 1000 },
      { name: 'b', rows: 1 },
      { name: 'sqlite_schema', rows: 2 },
    ],
  };
  const snapshots = [
    { snapshot: members[0]!, facts: { ...facts, fingerprint }, copies: [], pins: [] },
    {
      snapshot: members[1]!,
      facts: { ...facts, kind: 'files', files: 1200, sizeBytes: 3 * 2 ** 30 },
      copies: [],
      pins: [],
    },
  ];
  const point = { id: 'P1', time: now, job: 'nightly', expected: 3, complete: false, members };
  const text = showText({ repository: 'vault', location: '/backup', point, snapshots, unread: [] }, now);
  assert.deepEqual(text.split('\n').slice(0, 4), [
    'recovery point P1: not complete, 2 of 3 sources in vault',
    '  app    sqlite  a0000000       1 file  4 KiB  2 tables, 1,001 rows',
    '  media  files   a1000000  1,200 files  3 GiB',
    '',
  ]);
});

test('what a recovery point lacks, and what ran around it, is told where the run is remembered', () => {
  const first = { snapshot: snapshotOf({ id: 'a0', source: 'app' }), facts, copies: [], pins: [] };
  const point = { id: 'P1', time: now, job: 'nightly', expected: 2, complete: false, members: [first.snapshot] };
  const times = { startedAt: new Date('2026-11-20T03:00:00Z'), endedAt: new Date('2026-11-20T03:02:05Z') };
  const error = {
    code: 'hook.failed',
    message: 'source media into repository vault: before hook 1 failed:\nsecond line',
  };
  const member = { ...times, source: 'media', repository: 'vault', snapshot: undefined, stats: {}, warningCount: 0 };
  const hook = { ...times, source: 'media', phase: 'before', number: 1, program: 'mount' } as const;
  const run: NonNullable<ShowReport['run']> = {
    ...{ ...times, id: 'P1', verb: 'backup', job: 'nightly', outcome: 'failed', exitCode: 1 },
    members: [{ ...member, warnings: [], outcome: 'failed', error }],
    hooks: [
      { ...hook, outcome: 'failed', error: { code: 'hook.failed', message: 'exited with code 3:\nbusy' } },
      { ...hook, source: '', phase: 'after', program: '', outcome: 'ok', error: undefined },
    ],
  };
  const text = showText({ repository: 'vault', location: '/backup', point, snapshots: [first], run, unread: [] }, now);
  assert.deepEqual(text.split('\n').slice(1, 6), [
    '  the run: failed, took 2m 05s',
    '  media → vault failed: before hook 1 failed:',
    '  before hook 1 (mount) of source media: failed, exited with code 3:',
    '  after hook 1 of job nightly: ok',
    '',
  ]);
});
