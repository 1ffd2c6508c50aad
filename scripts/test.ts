/**
 * `npm test [-- PART …]`: installs what the tests need where it can, then runs every test file, or those whose path contains a PART.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, globSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from 'node:test';
import { provideTestPrograms } from './test-programs.ts';
import { reportTests } from './test-report.ts';

const root = join(import.meta.dirname, '..');
const parts = process.argv.slice(2);
/** A file that hangs is ended; on a busy machine the slowest take minutes. */
const FILE_TIMEOUT_MS = 600_000;

provideTestPrograms();
process.exitCode = (await runTests()) ? 0 : 1;

/** Runs the files in their own processes: one more at a time than there are cores, since many wait for servers. True when nothing failed and something ran. */
async function runTests(): Promise<boolean> {
  const files = testFiles();
  if (files.length === 0) {
    console.error(`no test file matches ${parts.join(' ')}`);
    return false;
  }
  await using scratch = scratchFolder();
  prepareEnvironment(scratch.path);
  const events = run({ cwd: root, files, concurrency: availableParallelism() + 1, timeout: FILE_TIMEOUT_MS });
  const totals = await reportTests(events, root);
  return totals.failed === 0 && totals.passed > 0;
}

/** Those that need several layers or real programs first: they take longest. */
function testFiles(): string[] {
  const found = ['test/**/*.test.ts', 'src/**/*.test.ts'].flatMap((pattern) => globSync(pattern, { cwd: root }).sort());
  return found
    .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)))
    .map((file) => join(root, file));
}

/** Test files and their children inherit this: a temporary folder of their own, and nothing that changes other programs. */
function prepareEnvironment(scratch: string): void {
  for (const name of ['AWS_CA_BUNDLE', 'NODE_OPTIONS', 'SURETY_CONFIG']) delete process.env[name];
  process.env.TMPDIR = scratch;
  // Hundreds of processes start from the same files: they are compiled once.
  process.env.NODE_COMPILE_CACHE = join(scratch, 'compiled');
  process.env.RESTIC_CACHE_DIR = join(scratch, 'restic-cache');
  process.env.BORG_BASE_DIR = join(scratch, 'borg');
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
