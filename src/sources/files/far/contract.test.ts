import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { farSource } from '../../../../test/fixtures/far-files.ts';
import { filesSource, makeScratch, readAll } from '../../../../test/fixtures/files-source.ts';
import { type SourceUnderTest, sourceContract } from '../../contract.ts';

/** Content and metadata of everything below a path, without what a restore can not keep. */
async function describe(root: string): Promise<unknown> {
  const { entries } = await readAll(filesSource({ paths: ['tree'], exclude: [] }, root));
  return entries.map(({ path, type, mode, uid, gid, mtimeNs, linkTarget }) => {
    const content = type === 'file' ? readFileSync(join(root, path), 'latin1') : undefined;
    return { path, type, mode, uid, gid, mtimeNs, linkTarget, content };
  });
}

async function make(): Promise<SourceUnderTest> {
  const scratch = makeScratch();
  const base = join(scratch.path, 'base');
  mkdirSync(join(base, 'tree/a-directory/empty'), { recursive: true });
  for (const name of ['a', 'a-directory/z', 'a-directory/é', 'a.b', 'z']) writeFileSync(join(base, 'tree', name), name);
  writeFileSync(join(base, 'tree/nothing'), '');
  symlinkSync('nowhere', join(base, 'tree/link'));
  return {
    source: farSource({ paths: ['tree'] }, { folder: base }),
    observe: () => describe(base),
    observeIn: (target) => describe(target),
    destroy: async () => rmSync(join(base, 'tree'), { recursive: true }),
    target: join(scratch.path, 'target'),
    [Symbol.asyncDispose]: async () => scratch[Symbol.dispose](),
  };
}

for (const { name, run } of sourceContract(make)) test(name, run);
