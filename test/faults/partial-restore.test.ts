import assert from 'node:assert/strict';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { noise, prose } from '../fixtures/content.ts';
import { makeProject, type Project } from '../fixtures/project.ts';

interface RestoreDocument {
  readonly outcome: string;
  readonly items: readonly { readonly report?: { readonly failed: readonly { readonly path: string }[] } }[];
}

describe('when a pack is gone', () => {
  let project: Project;
  const contents = new Map<string, Buffer>();

  before(async () => {
    project = makeProject();
    for (let at = 0; at < 24; at++) {
      const path = join(project.data, `folder ${at % 3}`, `file ${at}`);
      contents.set(path, at % 2 === 0 ? noise(at, 1_500_000) : prose(at, 20_000));
      mkdirSync(join(path, '..'), { recursive: true });
      writeFileSync(path, contents.get(path)!);
    }
    await project.surety.run('init');
    await project.surety.run('backup');
  });
  after(() => project[Symbol.asyncDispose]());

  /** With each pack away in turn. */
  async function withoutEachPack(work: () => Promise<void>): Promise<void> {
    for (const key of globSync('data/*/*', { cwd: project.repository })) {
      const path = join(project.repository, key);
      const away = join(project.folder, 'away');
      renameSync(path, away);
      await work();
      renameSync(away, path);
    }
  }

  test('all the rest is restored to another place, and what is not is named', async () => {
    let partly = 0;
    await withoutEachPack(async () => {
      const target = project.newTarget();
      const done = await project.surety.attempt('restore', 'latest', '--target', target, '--json');
      assert.equal(done.code, 1);
      const there = [...contents].filter(([path]) => existsSync(join(target, path)));
      for (const [path, content] of there) assert.ok(readFileSync(join(target, path)).equals(content), path);
      const document = JSON.parse(done.stdout) as RestoreDocument;
      assert.equal(document.outcome, 'failed');
      const failed = document.items.flatMap(({ report }) => report?.failed ?? []).map(({ path }) => `/${path}`);
      if (there.length === 0) return;
      partly += 1;
      const absent = [...contents.keys()].filter((path) => !there.some(([one]) => one === path));
      for (const path of absent)
        assert.ok(
          failed.some((one) => path === one || path.startsWith(`${one}/`)),
          path,
        );
    });
    assert.ok(partly > 0);
  });

  test('nothing is replaced at the original place', async () => {
    const changed = [...contents.keys()][0]!;
    writeFileSync(changed, 'newer than the backup');
    await withoutEachPack(async () => {
      const done = await project.surety.attempt('restore', 'latest', '--in-place', '--force');
      assert.equal(done.code, 1);
      assert.equal(readFileSync(changed, 'utf8'), 'newer than the backup');
    });
  });
});
