/** `node scripts/bootstrap.mjs scripts/bundle.ts`: bundles the program where that is not done yet, so that it starts sooner. */
import { join } from 'node:path';
import { bundledProgram, isBundleWhole } from '../bin/bundled.ts';

const root = join(import.meta.dirname, '..');

if (bundledProgram(root) === undefined || !isBundleWhole(root)) {
  const [{ makeBundle }, { keepBundle }] = await Promise.all([import('./bundle/make.ts'), import('./bundle/keep.ts')]);
  try {
    keepBundle(root, await makeBundle(root));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}
