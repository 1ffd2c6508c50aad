import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { endOf } from '../fixtures/child-end.ts';
import { makeProject } from '../fixtures/project.ts';
import { SURETY } from '../fixtures/surety.ts';
import { until } from '../fixtures/until.ts';

test('a restore that is killed between its members goes on with the one that it was at, and does nothing twice', async () => {
  const restore = 'if [ -e hang ]; then echo $$ > pid; mv pid hanging; exec sleep 60; fi; cat > ledger';
  await using project = makeProject({
    files: { role: 'config' },
    sources: {
      ledger: { type: 'command', backup: ['cat', 'ledger'], restore: ['sh', '-c', restore] },
      rest: { type: 'files', paths: ['rest'] },
    },
  });
  const at = (name: string) => join(project.folder, name);
  const content = (name: string) => readFileSync(at(name), 'utf8');
  const writeAll = (text: string) => {
    for (const name of ['data/a', 'ledger', 'rest/b']) writeFileSync(at(name), text);
  };
  mkdirSync(project.data);
  mkdirSync(at('rest'));
  writeAll('as backed up');
  await project.surety.run('init');
  await project.surety.run('backup');
  writeAll('as it is now');

  writeFileSync(at('hang'), '');
  const env = { ...process.env, ...project.environment, HOME: at('.home'), XDG_STATE_HOME: at('.home/state') };
  const child = spawn(SURETY, ['restore', 'latest', '--force'], { cwd: project.folder, env, stdio: 'ignore' });
  await until(() => existsSync(at('hanging')), 'the restore has come to the command');
  child.kill('SIGKILL');
  process.kill(Number(content('hanging')), 'SIGKILL');
  await endOf(child);
  assert.deepEqual(['data/a', 'ledger', 'rest/b'].map(content), ['as backed up', 'as it is now', 'as it is now']);

  writeFileSync(at('data/a'), 'written since');
  assert.equal((await project.surety.attempt('restore', '--resume')).code, 2, 'nobody was asked');
  rmSync(at('hang'));
  const { items } = await project.surety.json<{ items: { source: string }[] }>('restore', '--resume', '--force');
  assert.deepEqual(
    items.map(({ source }) => source),
    ['ledger', 'rest'],
  );
  assert.deepEqual(['data/a', 'ledger', 'rest/b'].map(content), ['written since', 'as backed up', 'as backed up']);
  const again = await project.surety.attempt('restore', '--resume', '--force');
  assert.match(again.stderr, /there is no restore that was begun and not finished/);
});
