import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openTestArchive } from '../../../test/fixtures/archive-repository.ts';
import { backupRequest } from '../../../test/fixtures/backup-request.ts';
import { openWorkshop, type Workshop } from '../../../test/fixtures/opened.ts';
import { scriptedSource } from '../../../test/fixtures/scripted-source.ts';
import { SuretyError } from '../../base/errors.ts';
import { openLocal } from '../../reach/local.ts';
import { backup } from '../backup.ts';

describe('members in a repository of plain files', () => {
  let workshop: Workshop;
  before(() => {
    workshop = openWorkshop();
  });
  after(() => workshop[Symbol.asyncDispose]());

  async function archive() {
    const opened = await openTestArchive();
    const { engine } = opened;
    return { ...opened, handle: { name: 'plain', kind: 'archive', location: 'memory', open: async () => engine } };
  }

  test('are written at the same time under names of their own, and each is read back without being asked to', async () => {
    await using plain = await archive();
    const sources = ['a', 'b', 'c', 'd'].map((name) => workshop.source(name, { x: name.repeat(1000) }));
    const report = await backup(backupRequest({ sources, repositories: [plain.handle], parallel: 4 }), workshop.how());
    assert.equal(report.outcome, 'ok', String(report.members.find(({ error }) => error)?.error));
    const ids = report.members.map(({ snapshot }) => snapshot?.id);
    assert.equal(new Set(ids).size, 4);
    assert.deepEqual(
      report.members.map(({ verified }) => [verified?.depth, verified?.report?.problems]),
      Array.from({ length: 4 }, () => ['data', []]),
    );
    assert.equal((await plain.engine.list(workshop.how())).snapshots.length, 4);
  });

  test('that fail before there is anything to store leave a record of that, and nothing else', async () => {
    await using plain = await archive();
    const hook = { run: 'echo token=hush; exit 7', timeoutMs: 10_000, onFailure: 'abort', when: 'always' } as const;
    const hooked = { hooks: { before: [hook], after: [] }, host: 'local', reach: async () => openLocal() };
    const begin = () => {
      throw new SuretyError('source.unreachable', 'the server does not answer');
    };
    const sources = [
      workshop.source('missing'),
      scriptedSource({ name: 'down', kind: 'postgres', begin }),
      { ...workshop.source('refused', { x: '1' }), hooked },
    ];
    const report = await backup(backupRequest({ sources, repositories: [plain.handle] }), workshop.how());
    assert.equal(report.outcome, 'failed');
    const { snapshots, failures = [], incomplete = [] } = await plain.engine.list(workshop.how());
    assert.deepEqual([snapshots.length, incomplete.length], [0, 0]);
    const told = failures.map(({ source, message }) => `${source}: ${message}`).sort();
    assert.equal(told.length, 3);
    assert.equal(told[0], 'down: the server does not answer');
    assert.match(told[1] ?? '', /^missing: .*does not exist/);
    // What a hook says is for whoever runs it, and not for all who can read the repository.
    assert.match(told[2] ?? '', /^refused: before hook 1 .* exited with code 7$/);
    assert.match(report.members[2]?.error?.message ?? '', /exited with code 7:\ntoken=hush/);
  });
});
