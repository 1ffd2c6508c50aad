import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { compareTrees } from '../fixtures/compare-trees.ts';
import { makeProject, type Project } from '../fixtures/project.ts';
import { makeNastyTree } from '../fixtures/tree.ts';

interface Verified {
  readonly outcome: string;
  readonly repositories: readonly {
    readonly report: {
      readonly problems: readonly { readonly key: string; readonly affects: readonly { snapshot: string }[] }[];
    };
  }[];
}

async function problemsOf({ here: surety }: Project): Promise<Verified['repositories'][number]['report']['problems']> {
  const done = await surety.attempt('verify', '--read-data', '--json');
  return (JSON.parse(done.stdout) as Verified).repositories[0]?.report.problems ?? [];
}

for (const kind of ['every data file', 'one data file'] as const) {
  test(`a repository where ${kind} is damaged is mended by hand, and the next backup is whole`, async () => {
    await using project = makeProject();
    makeNastyTree(project.data);
    const original = join(project.folder, 'original');
    execFileSync('cp', ['-a', project.data, original]);
    await project.here.run('init');
    await project.here.run('backup');

    const packs = execFileSync('find', [join(project.repository, 'data'), '-type', 'f', '-size', '+1k'], {
      encoding: 'utf8',
    });
    const files = packs.trim().split('\n').sort();
    for (const file of kind === 'one data file' ? files.slice(0, 1) : files) {
      const bytes = readFileSync(file);
      bytes[20] = bytes[20]! ^ 0x55;
      chmodSync(file, 0o600);
      writeFileSync(file, bytes);
    }
    const found = await project.here.attempt('verify', '--read-data');
    assert.equal(found.code, 1);
    assert.match(found.stdout, /`surety check --repair` heals this one/);
    const problems = await problemsOf(project);
    assert.ok(problems.length > 0);

    for (const { key } of problems) rmSync(join(project.repository, key), { force: true });
    await project.here.run('repair', 'index');
    // The snapshot before can not be compared with: that is a warning, and the new one is made all the same.
    const again = await project.here.attempt('backup', '--read-all');
    assert.ok(again.code === 0 || again.code === 3, again.stdout + again.stderr);
    assert.match(again.stdout, /is complete/);
    const target = project.newTarget();
    await project.here.run('restore', 'latest', '--target', target);
    assert.deepEqual(compareTrees(original, join(target, project.data)), []);
    assert.ok(existsSync(join(target, project.data)));
    const latest = await project.here.attempt('verify', 'latest', '--source', 'files', '--read-data');
    assert.equal(latest.code, 0, latest.stdout);
  });
}
