/**
 * `node scripts/bootstrap.mjs scripts/build.ts [--if-changed]`: bundles the program, so that it starts sooner. See `bin/built.ts` for when
 * the bundle is run.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { builtProgram } from '../bin/built.ts';

const root = join(import.meta.dirname, '..');
const { values } = parseArgs({ options: { 'if-changed': { type: 'boolean', default: false } } });

if (!values['if-changed'] || builtProgram(root) === undefined) {
  const { build } = await import('./build/build.ts');
  await build(root);
}
