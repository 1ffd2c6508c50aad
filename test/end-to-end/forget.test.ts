import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeProject } from '../fixtures/project.ts';

interface Listed {
  readonly repositories: readonly { readonly snapshots: readonly { readonly id: string; readonly state: string }[] }[];
}

test('a snapshot is removed by its id when nobody is asked by force, and the newest only with one more word', async () => {
  await using project = makeProject();
  const { here: surety } = project;
  mkdirSync(project.data);
  await surety.run('init');
  for (const content of ['one', 'two']) {
    writeFileSync(join(project.data, 'file'), content);
    await surety.run('backup');
  }
  const listed = async () => (await surety.json<Listed>('list')).repositories[0]!.snapshots;
  const [newest, oldest] = await listed();
  const asked = await surety.attempt('forget', oldest!.id);
  assert.equal(asked.code, 2);
  assert.match(asked.stderr, /nothing was removed: there is no terminal to ask on/);
  const refused = await surety.attempt('forget', newest!.id, '--force');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /is the newest good one of source files in repository vault/);
  assert.match(await surety.run('forget', oldest!.id.slice(0, 8), '--dry-run'), /would remove {2}/);
  assert.match(await surety.run('forget', oldest!.id.slice(0, 8), '--force'), /^ {2}removed {2}/m);
  assert.deepEqual(
    (await listed()).map(({ id }) => id),
    [newest!.id],
  );
  // Nobody misses what was removed on purpose.
  await surety.run('verify', '--read-data');
  assert.equal((await listed())[0]?.state, 'data');
  const gone = await surety.json<{ outcome: string }>('forget', newest!.id, '--force', '--allow-newest', '--prune');
  assert.equal(gone.outcome, 'ok');
  assert.deepEqual(await listed(), []);
});
