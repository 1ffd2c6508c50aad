import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { UnfinishedRestore } from '../operations/restore/restore-journal.ts';
import { openRestoreJournal } from './restore-journal.ts';

const record: UnfinishedRestore = {
  id: '20261120T030700Z-aaaa',
  recoveryPoint: 'P',
  startedAt: new Date('2026-11-20T03:07:00Z'),
  request: {
    target: undefined,
    conflict: 'changed',
    select: ['a/**'],
    server: { inPlace: false, dropOld: true, owner: 'shop' },
  },
  members: [
    {
      ...{ source: 'media', kind: 'files', repository: 'vault', snapshot: 'ab', recorded: 'media' },
      ...{ place: 'mark', state: 'begun' },
    },
  ],
};

test('what is kept is read back as it was, newest first, by its owner only', (t) => {
  const folder = join(mkdtempSync(join(tmpdir(), 'surety-journal-')), 'restores');
  t.after(() => rmSync(join(folder, '..'), { recursive: true }));
  const journal = openRestoreJournal(folder);
  assert.deepEqual(journal.list(), []);
  const later = {
    ...record,
    id: '20261121T030700Z-bbbb',
    members: [{ ...record.members[0]!, state: 'done' as const }],
  };
  journal.save(record);
  journal.save({ ...later, members: record.members });
  journal.save(later);
  assert.deepEqual(openRestoreJournal(folder).list(), [later, record]);
  for (const name of readdirSync(folder)) assert.equal(statSync(join(folder, name)).mode & 0o077, 0);
  journal.remove(later.id);
  journal.remove('never-there');
  assert.deepEqual(journal.list(), [record]);
});

test('a record that can not be understood is an error that names it', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'surety-journal-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const text of ['', '{}', JSON.stringify({ ...record, id: '../../etc/passwd' })]) {
    writeFileSync(join(folder, 'x.json'), text);
    assert.throws(() => openRestoreJournal(folder).list(), { code: 'restore.journal', message: /x\.json/ });
  }
});
