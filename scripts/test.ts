/**
 * `npm test [-- PART …]`: installs what the tests need where it can, then runs every test file, or those whose path contains a PART.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, globSync, mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { QUICK_BORG } from '../test/fixtures/programs.ts';
import { runTestFiles } from './test-files.ts';
import { provideTestPrograms } from './test-programs.ts';

const root = join(import.meta.dirname, '..');
const parts = process.argv.slice(2);

provideTestPrograms();
const isGood = await runTests();
// Whatever is still open here must not hold up the end.
process.exit(isGood ? 0 : 1);

/** True when nothing failed and something ran. */
async function runTests(): Promise<boolean> {
  const files = testFiles();
  if (files.length === 0) {
    console.error(`no test file matches ${parts.join(' ')}`);
    return false;
  }
  await using scratch = scratchFolder();
  prepareEnvironment(scratch.path);
  const totals = await runTestFiles(files, { root, scratch: join(scratch.path, 'files'), signal: interruption() });
  return totals.failed === 0 && totals.passed > 0;
}

function testFiles(): string[] {
  const found = ['test/**/*.test.ts', 'src/**/*.test.ts', 'bin/**/*.test.ts', 'scripts/**/*.test.ts'];
  return found
    .flatMap((pattern) => globSync(pattern, { cwd: root }).sort())
    .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)));
}

/** Aborted when this process is told to end: what it started is in sessions of their own, and has to be killed. */
function interruption(): AbortSignal {
  const interrupted = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(name, () => {
      console.log(`ended by ${name} (${constants.signals[name]})`);
      interrupted.abort();
    });
  }
  return interrupted.signal;
}

/** Test files and their children inherit this: a temporary folder of their own, and nothing that changes other programs. */
function prepareEnvironment(scratch: string): void {
  for (const name of ['AWS_CA_BUNDLE', 'NODE_OPTIONS', 'SURETY_CONFIG']) delete process.env[name];
  process.env.TMPDIR = scratch;
  // Hundreds of processes start from the same files: they are compiled once.
  process.env.NODE_COMPILE_CACHE = join(scratch, 'compiled');
  process.env.RESTIC_CACHE_DIR = join(scratch, 'restic-cache');
  process.env.BORG_BASE_DIR = join(scratch, 'borg');
  Object.assign(process.env, QUICK_BORG);
}

function scratchFolder(): AsyncDisposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'surety-test-'));
  // Some tests act as another user, who has to get in.
  chmodSync(path, 0o1777);
  return {
    path,
    async [Symbol.asyncDispose]() {
      // An immutable or read-only leftover of a killed test must not turn a good run into a failed one.
      spawnSync('chmod', ['-R', 'u+rwX', path], { stdio: 'ignore' });
      rmSync(path, { recursive: true, force: true });
    },
  };
}
