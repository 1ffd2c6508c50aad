import assert from 'node:assert/strict';
import { test } from 'node:test';
import { snapshotOf } from '../../test/fixtures/snapshots.ts';
import { showText } from './render-show.ts';

const now = new Date('2026-11-20T04:00:00Z');
const facts = {
  ...{ kind: 'sqlite', versions: { sqlite: '3.53.4' }, files: 1, sizeBytes: 4096, source: 'app', host: 'main' },
  ...{ recoveryPoint: '', program: 'surety 0.1.0', warnings: 0 },
};

function shown(more: object): string {
  const snapshots = [{ snapshot: snapshotOf({ id: 'abc', source: 'app' }), facts: { ...facts, ...more } }];
  const report = { repository: 'vault', location: '/backup', point: undefined, snapshots, unread: [] };
  return showText(report, now);
}

test('what the source noted is shown, each on a line of its own and without what steers a terminal', () => {
  const text = shown({ notes: ['2 rows refer to rows that are not there (foreign keys)', 'odd \u001b[31m'] });
  assert.match(text, /^note +2 rows refer to rows that are not there \(foreign keys\)$/m);
  assert.match(text, /^note +odd \\x1b\[31m$/m);
  assert.doesNotMatch(shown({}), /^note/m);
});
