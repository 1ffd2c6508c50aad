import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { pointOf } from '../../../test/fixtures/snapshots.ts';
import { SuretyError } from '../../base/errors.ts';
import type { MemberReport } from '../../operations/backup.ts';
import { toSuretyError } from '../../operations/failure.ts';
import type { RestoredItem } from '../../operations/restore.ts';
import { age, count, saidOf, table } from '../render.ts';
import { backupText } from './backup.ts';
import { cleanupText } from './cleanup.ts';
import { questionText, restoreText } from './restore.ts';
import { verifyText } from './verify.ts';

before(() => {
  process.env.TZ = 'UTC';
});

const now = new Date('2026-11-20T12:00:00Z');
const plain = { now, colors: false };
const [db, media] = pointOf({
  id: '20261120T030000Z-aaaa',
  time: '2026-11-20T03:00:00Z',
  members: { db: 'd1', media: 'e1' },
});

const stats = {
  filesNew: 2,
  filesChanged: 1,
  filesUnmodified: 12_342,
  dirs: 10,
  others: 0,
  sizeBytes: 3_500_000_000,
  addedBytes: 5_000_000,
  storedBytes: 2_000_000,
  dataBlobs: 9,
  treeBlobs: 4,
};

const stored: MemberReport = {
  source: 'media',
  kind: 'files',
  repository: 'vault',
  outcome: 'ok',
  snapshot: media,
  stats,
  warningCount: 0,
  warnings: [],
  error: undefined,
  durationMs: 4200,
};

const failed: MemberReport = {
  ...stored,
  source: 'db',
  outcome: 'failed',
  snapshot: undefined,
  stats: undefined,
  error: toSuretyError(
    new SuretyError('source.missing', 'data/app.db does not exist', { hint: 'correct its path' }),
    'source db into repository vault',
    new AbortController().signal,
  ),
};

function backupOf(...members: MemberReport[]) {
  const complete = members.every((member) => member.snapshot !== undefined);
  const warned = members.some((member) => member.outcome === 'warnings');
  const outcome = complete ? (warned ? 'warnings' : 'ok') : 'failed';
  const run = { job: 'nightly', recoveryPoint: '20261120T030000Z-aaaa', startedAt: now, durationMs: 5000 };
  return backupText({ ...run, outcome, complete, members, hooks: [] }, false).split('\n');
}

test('a backup is told member by member, with a summary and what to do next', (t) => {
  const warnings = Array.from({ length: 12 }, (_, at) => ({
    code: 'entry.vanished',
    path: `data/${at}\n`,
    message: 'vanished',
  }));
  t.assert.snapshot(backupOf(stored));
  t.assert.snapshot(backupOf(failed, stored));
  t.assert.snapshot(backupOf({ ...stored, outcome: 'warnings', warnings, warningCount: 2000 }));
  t.assert.snapshot(backupOf(failed));
});

test('cleanup gives every decision with its reasons', (t) => {
  const decision = {
    keep: [{ snapshot: media!, reasons: ['daily 1/7: 2026-11-20', 'newest'] }],
    remove: [{ snapshot: db!, reasons: ['not among the last 1'] }],
    refused: undefined,
    refusedSeries: [],
    failures: [],
    incomplete: [],
  };
  const prune = {
    packsKept: 3,
    packsRepacked: 1,
    packsRemoved: 2,
    repackedBytes: 1000,
    freedBytes: 20_000_000,
    remainingBytes: 90_000_000,
    remainingUnusedBytes: 1000,
  };
  const one = {
    repository: 'vault',
    kind: 'restic',
    location: '/backup/vault',
    outcome: 'ok',
    error: undefined,
    durationMs: 900,
  } as const;
  const done = { ...one, decision, removed: [db!.id], removedFailures: [], prune, warnings: [] };
  t.assert.snapshot(cleanupText({ outcome: 'ok', dryRun: false, repositories: [done] }, plain).split('\n'));
  const dry = { ...one, decision, removed: [], removedFailures: [], prune: undefined, warnings: [] };
  t.assert.snapshot(cleanupText({ outcome: 'ok', dryRun: true, repositories: [dry] }, plain).split('\n'));
  const warned = {
    ...done,
    prune: undefined,
    warnings: [{ code: 'cleanup.not-pruned', path: '', message: 'a reason' }],
  };
  const text = cleanupText({ outcome: 'warnings', dryRun: false, repositories: [warned] }, plain);
  assert.match(text, /^ {2}a reason$/m);
});

test('cleanup tells of every snapshot that nothing is removed, and lists what counts for nothing', () => {
  const failure = {
    id: 'database_20261119_020000',
    time: new Date('2026-11-19T02:00:00Z'),
    source: 'db',
    message: 'x',
  };
  const decision = {
    keep: [{ snapshot: media!, reasons: ['nothing is removed: a clock is wrong'] }],
    remove: [],
    refused: 'a clock is wrong',
    refusedSeries: [],
    failures: [{ failure, kept: true, reasons: ['failed, counts for nothing; record 1/10'] }],
    incomplete: ['files/files_20261118_020000.tar.gz'],
  };
  const error = new SuretyError('cleanup.refused', 'nothing is removed: a clock is wrong');
  const one = {
    repository: 'plain',
    kind: 'archive',
    location: '/backup/plain',
    outcome: 'failed',
    durationMs: 900,
  } as const;
  const nothing = { removed: [], removedFailures: [], prune: undefined, warnings: [] };
  const report = { ...one, ...nothing, decision, error };
  const text = cleanupText({ outcome: 'failed', dryRun: false, repositories: [report] }, plain);
  assert.match(text, /keep .*nothing is removed: a clock is wrong/);
  assert.match(text, /keep +database_20261119_020000 .*failed, counts for nothing; record 1\/10/);
  assert.match(text, /incomplete +files\/files_20261118_020000.tar.gz .*belongs to no snapshot/);
});

test('verify names what is damaged, what that costs and how to go on', (t) => {
  const problem = {
    code: 'pack.damaged',
    key: 'data/ab/abcd',
    message: 'its content does not fit its name',
    affects: Array.from({ length: 5 }, (_, at) => ({ snapshot: media!.id, path: `srv/media/${at}` })),
  };
  const report = {
    problems: [problem],
    notes: ['2 packs are in no index'],
    snapshots: 2,
    packs: 3,
    packsRead: 3,
    readBytes: 5000,
  };
  const one = {
    repository: 'vault',
    kind: 'restic',
    location: '/backup/vault',
    snapshots: undefined,
    results: [],
    warnings: [],
    error: undefined,
    durationMs: 900,
  };
  const bad = { ...one, outcome: 'failed', report } as const;
  const gone = { ...problem, code: 'snapshot.missing', key: `snapshots/${media!.id}` };
  const lacking = { ...bad, report: { ...report, problems: [gone] } };
  const advice = verifyText({ outcome: 'failed', depth: 'data', bad: [media!.id], repositories: [lacking] }, false);
  assert.match(advice, /surety catalog rebuild/);
  assert.doesNotMatch(advice, /remove the damaged|repair index/);
  const archive = { ...problem, code: 'archive.damaged', key: 'files/files_20261120_030000.tar.gz' };
  const cut = { ...bad, report: { ...report, problems: [archive] } };
  const archives = verifyText({ outcome: 'failed', depth: 'data', bad: [media!.id], repositories: [cut] }, false);
  assert.match(archives, /take the bad archives away with `surety forget`/);
  assert.doesNotMatch(archives, /repair index/);
  const good = { ...one, outcome: 'ok', report: { ...report, problems: [], notes: [], packsRead: 0 } } as const;
  t.assert.snapshot(
    verifyText({ outcome: 'failed', depth: 'data', bad: [media!.id], repositories: [bad] }, false).split('\n'),
  );
  t.assert.snapshot(
    verifyText({ outcome: 'ok', depth: 'structure', bad: [], repositories: [good] }, false).split('\n'),
  );
});

test('verify names each snapshot that was asked for, and at the end the whole ids of the bad ones', () => {
  const results = [
    { id: media!.id, source: 'media', time: media!.time, ok: false, message: 'its end is missing' },
    { id: 'database_20241122_020000', source: 'db', time: db!.time, ok: true, message: '' },
  ];
  const report = { problems: [], notes: [], snapshots: 2, packs: 0, packsRead: 0, readBytes: 0 };
  const one = {
    repository: 'vault',
    kind: 'restic',
    location: '/backup/vault',
    outcome: 'failed',
    durationMs: 900,
  } as const;
  const snapshots = results.map(({ id }) => id);
  const repository = { ...one, snapshots, results, report, warnings: [], error: undefined };
  const text = verifyText({ outcome: 'failed', depth: 'data', bad: [media!.id], repositories: [repository] }, false);
  assert.match(text, /^ {4}failed +e1000000 +2026-11-20 03:00:00 +media +its end is missing$/m);
  assert.match(text, /^ {4}ok +database_20241122_020000 +2026-11-20 03:00:00 +db$/m);
  assert.match(text, new RegExp(`^1 bad snapshot:\n  ${media!.id}$`, 'm'));
});

test('a restore tells what came back, what did not, and what was checked', (t) => {
  const report = {
    files: 3,
    dirs: 2,
    others: 1,
    sizeBytes: 4096,
    skipped: 1,
    unchanged: 1200,
    failed: [{ path: 'srv/a', error: new SuretyError('repository.damaged', 'data/ab/abcd is damaged') }],
    plan: [],
    checks: [{ what: 'fingerprint', ok: true, detail: 'as recorded: 2 tables, 1000 rows' }],
    notes: ['left to source app, which restores it whole: srv/app.db'],
  };
  const warnings = [
    { code: 'entry.failed', path: 'srv/a', message: 'data/ab/abcd is damaged' },
    { code: 'attribute.unwritable', path: 'srv/b', message: 'its owner can not be set' },
  ];
  const item: RestoredItem = {
    source: 'media',
    kind: 'files',
    intoServer: false,
    repository: 'vault',
    snapshot: media!,
    outcome: 'failed',
    report,
    warningCount: 2,
    warnings,
    error: undefined,
    durationMs: 1500,
  };
  const text = restoreText(
    {
      outcome: 'failed',
      dryRun: false,
      target: '/restored',
      conflict: 'refuse',
      items: [item],
      server: undefined,
      resumable: false,
    },
    { colors: false, verbose: false },
  );
  t.assert.snapshot(text.split('\n'));
});

test('tables align what they show, colours or not', () => {
  const columns = [{ title: 'Name' }, { title: 'Size', align: 'right' as const }, { title: 'X' }];
  assert.equal(
    table(columns, [
      ['\u001b[31mred\u001b[0m', '1', 'a'],
      ['größer', '100', ''],
    ]),
    'Name    Size  X\n\u001b[31mred\u001b[0m        1  a\ngrößer   100\n',
  );
});

test('ages and counts read as people say them', () => {
  assert.equal(age(new Date(now.getTime() - 65_000), now), '1m 05s ago');
  assert.equal(age(new Date(now.getTime() + 7_200_000), now), 'in 2h 00m');
  assert.equal(age(now, now), 'just now');
  assert.equal(count(1, 'file'), '1 file');
  assert.equal(count(12_345, 'repository', 'repositories'), '12,345 repositories');
});

test('what a run says of a place names it once', () => {
  assert.equal(saidOf('srv/s', '/srv/s is a socket'), '/srv/s is a socket');
  assert.equal(saidOf('srv/a', 'it vanished'), 'srv/a: it vanished');
  const denied = "can not be read: permission denied, open '/srv/a'";
  assert.equal(saidOf('srv/a', denied), `srv/a: ${denied}`);
});

test('how to go on after a restore that failed is said only where entries are missing', () => {
  const next = (failed: RestoredItem['report']) => {
    const item = { source: 'media', kind: 'files', repository: 'vault', snapshot: media!, outcome: 'failed' } as const;
    const rest = { intoServer: false, report: failed, warningCount: 0, warnings: [], durationMs: 1 };
    const error = new SuretyError('target.not-empty', 'the target /restored is not empty');
    const text = restoreText(
      {
        outcome: 'failed',
        dryRun: false,
        target: '/restored',
        conflict: 'refuse',
        items: [{ ...item, ...rest, error }],
        server: undefined,
        resumable: false,
      },
      { colors: false, verbose: false },
    );
    return text.split('\n').filter((line) => line.startsWith('Next:'));
  };
  const counts = {
    files: 0,
    dirs: 0,
    others: 0,
    sizeBytes: 0,
    skipped: 0,
    unchanged: 0,
    plan: [],
    checks: [],
    notes: [],
  };
  const failed = (error: Error) => ({ ...counts, failed: [{ path: 'srv/a', error }] });
  assert.deepEqual(next(undefined), []);
  assert.match(
    next(failed(new SuretyError('repository.damaged', 'damaged')))[0]!,
    /from another snapshot or repository/,
  );
  assert.match(next(failed(new SuretyError('target.denied', 'denied')))[0]!, /correct what stood in the way/);
});

test('a plan that was cut off tells how many changes there are in all', () => {
  const plan = Array.from({ length: 1000 }, (_, at) => ({ path: `/srv/${at}`, action: 'create' as const }));
  const report = {
    files: 4000,
    dirs: 20,
    others: 0,
    sizeBytes: 1,
    skipped: 0,
    unchanged: 0,
    failed: [],
    plan,
    checks: [],
    notes: [],
  };
  const item = { source: 'media', kind: 'files', repository: 'vault', snapshot: media!, outcome: 'ok' } as const;
  const rest = { intoServer: false, report, warningCount: 0, warnings: [], durationMs: 1, error: undefined };
  const text = restoreText(
    {
      outcome: 'ok',
      dryRun: true,
      target: '/restored',
      conflict: 'refuse',
      items: [{ ...item, ...rest }],
      server: undefined,
      resumable: false,
    },
    { colors: false, verbose: false },
  );
  assert.match(text, /… and 4,010 more\n/);
});

test('the question before a restore names the machine that is written to', () => {
  const item = { source: 'media', kind: 'files', repository: 'vault', snapshot: media!, outcome: 'ok' } as const;
  const rest = { report: undefined, warningCount: 0, warnings: [], durationMs: 1, error: undefined };
  const asked = (where: Pick<RestoredItem, 'intoServer' | 'host'>) => {
    const items = [{ ...item, ...rest, ...where }];
    const report = { outcome: 'ok', dryRun: true, target: undefined, conflict: 'changed', resumable: false } as const;
    return questionText({ ...report, items, server: undefined }, new Date());
  };
  assert.match(asked({ intoServer: false }), /the original place: .* on this machine/);
  assert.match(asked({ intoServer: false, host: 'main' }), /the original place: .* on main\n/);
  assert.match(asked({ intoServer: true, host: 'main' }), /the server of source media on main\n/);
});

test('verify counts what a kind of repository has, and says nothing of what it has not', () => {
  const line = (kind: string, depth: 'structure' | 'data', snapshots: number, readBytes = 29) => {
    const report = { problems: [], notes: [], snapshots, packs: 8, packsRead: 8, readBytes };
    const one = { repository: 'r', kind, location: '/r', outcome: 'ok', snapshots: undefined, results: [] } as const;
    const repositories = [{ ...one, warnings: [], error: undefined, durationMs: 900, report }];
    return verifyText({ outcome: 'ok', depth, bad: [], repositories }, false).split('\n')[0];
  };
  assert.equal(line('mirror', 'data', 2), 'ok  r (/r): 2 snapshots, 8 files, 8 files read (29 B), no problems, 900 ms');
  assert.equal(line('borg', 'structure', 8), 'ok  r (/r): 8 snapshots, no problems, 900 ms');
  assert.equal(line('borg', 'data', 8), 'ok  r (/r): 8 snapshots, 8 archives read (29 B), no problems, 900 ms');
  assert.equal(line('borg', 'data', 2), 'ok  r (/r): 2 snapshots, 8 chunks read (29 B), no problems, 900 ms');
  assert.equal(line('borg', 'data', 2, 0), 'ok  r (/r): 2 snapshots, 8 chunks read, no problems, 900 ms');
});
