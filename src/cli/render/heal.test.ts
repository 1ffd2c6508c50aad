import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SuretyError } from '../../base/errors.ts';
import type { VerifyReport } from '../../engines/engine.ts';
import type { HealOutcome, RepositoryHealed } from '../../operations/heal.ts';
import { healText } from './heal.ts';

const KEY = `data/ab/ab${'0'.repeat(62)}`;
const CLEAN: VerifyReport = { problems: [], notes: [], snapshots: 2, packs: 3, packsRead: 1, readBytes: 900 };
const BAD: VerifyReport = {
  ...CLEAN,
  problems: [{ code: 'blob.damaged', key: KEY, message: `${KEY} is damaged: it is cut off`, affects: [] }],
};
const HEALED: RepositoryHealed = {
  ...{ repository: 'vault', kind: 'restic', location: '/backup/vault', outcome: 'warnings', before: BAD, after: CLEAN },
  healed: {
    healed: [
      { from: 'repository copy', files: 1, blobs: 12, sizeBytes: 5000 },
      { from: 'source media', files: 0, blobs: 1, sizeBytes: 1000 },
    ],
    ...{ lost: { blobs: 0, files: [], affects: [], toCopy: [] }, added: [], removed: [KEY] },
  },
  ...{ replaced: [], warnings: [], error: undefined, durationMs: 900 },
};

function textOf(repository: Partial<RepositoryHealed>, outcome: Partial<HealOutcome> = {}): string {
  const repositories = [{ ...HEALED, ...repository }];
  return healText({ outcome: 'warnings', dryRun: false, readData: true, repositories, ...outcome }, false);
}

test('what was damaged is told, and where it was healed from', () => {
  assert.equal(
    textOf({}),
    'warnings  vault (/backup/vault): 1 problem, all is whole again, 900 ms\n' +
      `    ${KEY} is damaged: it is cut off\n` +
      '    healed from repository copy: 1 file, 12 pieces of content (4.88 KiB)\n' +
      '    healed from source media: 1 piece of content (1000 B)\n',
  );
});

test('what stays lost is told with its cost, and what can be done', () => {
  const affects = [{ snapshot: 'e1'.repeat(32), path: 'srv/a' }];
  const files = [{ key: 'keys/ab', hint: 'add another key' }];
  const healed = { ...HEALED.healed!, healed: [], lost: { blobs: 2, files, affects, toCopy: [] } };
  const text = textOf({ outcome: 'failed', after: BAD, healed }, { outcome: 'failed' });
  assert.match(text, /1 problem, 1 left, 900 ms\n/);
  assert.match(text, / {4}lost: 2 pieces of content; can not be restored whole: e1e1e1e1:srv\/a\n/);
  assert.match(text, / {4}lost: keys\/ab; add another key\nNext: what is lost here/);
});

test('a dry run says what could be healed and that nothing was changed; without reading all it says so', () => {
  const text = textOf({ after: undefined }, { dryRun: true, readData: false });
  assert.match(text, /1 problem, all of it can be healed/);
  assert.match(text, /can be healed from source media: 1 piece of content/);
  assert.match(
    text,
    /Nothing was changed\.\nOnly what was known to be damaged was re-read: `surety check --repair --read-data`/,
  );
});

test('a sound repository and one that can not be looked at are a line each', () => {
  assert.equal(
    textOf({ outcome: 'ok', before: CLEAN, healed: undefined }),
    'ok  vault (/backup/vault): nothing is damaged, 900 ms\n',
  );
  const error = new SuretyError('repository.locked', 'the repository is locked', { hint: 'wait' });
  const none = { before: undefined, healed: undefined, after: undefined };
  assert.match(textOf({ ...none, outcome: 'failed', error }), /^failed {2}vault \(\/backup\/vault\)\n +.*is locked/);
});
