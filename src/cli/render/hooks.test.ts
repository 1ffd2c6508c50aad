import assert from 'node:assert/strict';
import { test } from 'node:test';
import { snapshotOf } from '../../../test/fixtures/snapshots.ts';
import { SuretyError } from '../../base/errors.ts';
import type { MemberReport } from '../../operations/backup.ts';
import { toSuretyError } from '../../operations/failure.ts';
import type { HookReport } from '../../operations/hooks/hook-report.ts';
import { backupText } from './backup.ts';

const stats = {
  ...{ filesNew: 1, filesChanged: 0, filesUnmodified: 0, dirs: 0, others: 0 },
  ...{ sizeBytes: 1024, addedBytes: 1024, storedBytes: 1024, dataBlobs: 1, treeBlobs: 1 },
};
const stored: MemberReport = {
  ...{ source: 'db', kind: 'postgres', repository: 'vault', outcome: 'ok', stats, durationMs: 1000 },
  ...{ snapshot: snapshotOf({ id: 'ab', source: 'db' }), warningCount: 0, warnings: [], error: undefined },
};
const hook: HookReport = {
  ...{ job: 'nightly', source: '', recoveryPoint: 'P1', phase: 'after', number: 1, program: 'mount' },
  ...{ outcome: 'ok', durationMs: 10, error: undefined },
};
const broken = new SuretyError('hook.failed', 'after hook 1 (mount) of job nightly exited with code 3:\nbusy', {
  hint: 'run the command by hand to see what it needs',
});

function textOf(members: readonly MemberReport[], hooks: readonly HookReport[], outcome: 'ok' | 'warnings' | 'failed') {
  const complete = members.every(({ error }) => error === undefined);
  const run = { job: 'nightly', recoveryPoint: 'P1', startedAt: new Date(0), durationMs: 5000 };
  return backupText({ ...run, outcome, complete, members, hooks }, false);
}

test('hooks that went well are not told of', () => {
  assert.doesNotMatch(textOf([stored], [hook], 'ok'), /hook/);
});

test('an after hook that failed is told with its last words, and that the recovery point is complete all the same', () => {
  const warned = textOf([stored], [{ ...hook, outcome: 'warnings', error: broken }], 'warnings');
  assert.ok(warned.includes(`warnings  ${broken.message.replace('\n', '\n    ')}\n    hint: run the command`), warned);
  assert.match(warned, /Recovery point P1 is complete, with warnings \(5\.0 s\)/);
  const failed = textOf([stored], [{ ...hook, outcome: 'failed', error: broken }], 'failed');
  assert.match(failed, /Recovery point P1 is complete, but a hook failed/);
});

test('a before hook that ended a source is told once, below that source', () => {
  const error = toSuretyError(broken, 'source db into repository vault', new AbortController().signal);
  const refused: MemberReport = { ...stored, outcome: 'failed', snapshot: undefined, stats: undefined, error };
  const text = textOf([refused], [{ ...hook, phase: 'before', outcome: 'failed', error: broken }], 'failed');
  assert.equal(text.split('exited with code 3').length, 2);
  assert.match(text, /^failed {2}db → vault\n {4}after hook 1/m);
});

test('how long a source was stopped, and that a snapshot was re-read, stand in its line', () => {
  const report = { problems: [], notes: [], snapshots: 1, packs: 1, packsRead: 1, readBytes: 2048 };
  const verified = { depth: 'data', startedAt: new Date(0), durationMs: 5, report, error: undefined } as const;
  const facts = { kind: 'service', versions: {}, files: 1, sizeBytes: 1, downtimeMs: 2500 };
  const text = textOf([{ ...stored, verified, facts }], [], 'ok');
  assert.match(text, /1\.0 s, stopped for 2\.5 s, re-read 2 KiB$/m);
});

test('a snapshot that is not whole is no part of a complete recovery point', () => {
  const error = new SuretyError('backup.unproven', 'the new snapshot ab000000 is not whole: a pack is damaged');
  const text = textOf([{ ...stored, outcome: 'failed', error }], [], 'failed');
  assert.match(text, /is not whole: a pack is damaged/);
  assert.match(text, /Recovery point P1 is not complete: 1 of 1 failed/);
});
