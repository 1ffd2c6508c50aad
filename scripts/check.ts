/** `npm run check`: format and lint, types, every test (the layer table is one of them), and a table of sizes to look at. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { printSizes } from './sizes.ts';

const root = join(import.meta.dirname, '..');
const binaries = join(root, 'node_modules', '.bin');

const steps: readonly (readonly [name: string, command: string, args: readonly string[]])[] = [
  ['format and lint', join(binaries, 'biome'), ['check', '--error-on-warnings']],
  ['types', process.execPath, [join(binaries, 'tsc'), '-p', root]],
  ['tests', process.execPath, ['--disable-warning=ExperimentalWarning', join(root, 'scripts', 'test.ts')]],
];

const failed = steps.filter(([name, command, args]) => !succeeds(name, command, args)).map(([name]) => name);
heading('sizes');
printSizes(root);
if (failed.length > 0) {
  console.log(`\n${styleText('red', `failed: ${failed.join(', ')}`)}`);
  process.exitCode = 1;
} else console.log(`\n${styleText('green', 'all checks passed')}`);

function succeeds(name: string, command: string, args: readonly string[]): boolean {
  heading(name);
  const done = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (done.error) console.log(`${command} could not be started: ${done.error.message}`);
  return done.status === 0;
}

function heading(text: string): void {
  console.log(`\n${styleText('bold', `── ${text} ──`)}`);
}
