import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { runTestFile, type TestFileResult } from './test-file.ts';
import { slowestFirst } from './test-order.ts';
import { type TestTotals, testReport } from './test-report.ts';

/** A file that hangs is killed; on a busy machine the slowest take minutes. */
const FILE_LIMIT_MS = 300_000;
/** Of a test and of a suite as a whole. Less, so that a file with one test that hangs can stop its servers and run the others. */
const TEST_LIMIT_MS = 240_000;
const RUN_LIMIT_MS = 60 * 60_000;
/** A file is named when it takes as long as this: should the run be cut off, it is known where. */
const NOTABLE_MS = 120_000;

/** So few files that failed beside others are run once more by themselves; more than these are no matter of the machine. */
const RETRIED_FILES = 3;

export interface TestRunHow {
  readonly root: string;
  /** A folder for what the files print; it need not exist. */
  readonly scratch: string;
  /** Ends the run. */
  readonly signal: AbortSignal;
  readonly fileLimitMs?: number;
  readonly runLimitMs?: number;
}

/** Files beyond one for each core: many wait for servers and for the disk. */
const WAITING_FILES = 2;

/**
 * Runs test files, some more at a time than there are cores, and prints the report. It ends: a file that
 * takes too long is killed and counts as failed, and so do all that run or wait when the whole run takes too long. A file that fails beside
 * others and passes by itself is told as unsteady: what it asks of time is more than a busy machine has.
 */
export async function runTestFiles(files: readonly string[], how: TestRunHow): Promise<TestTotals> {
  const { fileLimitMs = FILE_LIMIT_MS, runLimitMs = RUN_LIMIT_MS } = how;
  const report = testReport(files);
  const limit = AbortSignal.timeout(runLimitMs);
  const signal = AbortSignal.any([how.signal, limit]);
  const waiting = slowestFirst(files);
  const runFile = async (file: string, turn: string): Promise<TestFileResult> => {
    using _notice = noticeAfter(NOTABLE_MS, file);
    const folder = join(how.scratch, file.replaceAll('/', '_') + turn);
    const testLimitMs = Math.min(TEST_LIMIT_MS, fileLimitMs);
    return await runTestFile(file, { root: how.root, folder, limitMs: fileLimitMs, testLimitMs, signal });
  };
  const failed: TestFileResult[] = [];
  const worker = async (): Promise<void> => {
    while (!signal.aborted) {
      const file = waiting.shift();
      if (file === undefined) return;
      const result = await runFile(file, '');
      if (result.failures.length > 0) failed.push(result);
      else report.add(result);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() + WAITING_FILES }, worker));
  for (const first of failed) {
    if (failed.length > RETRIED_FILES || signal.aborted) report.add(first);
    else {
      const second = await runFile(first.file, ' again');
      if (second.failures.length === 0) report.unsteady(first);
      report.add(second);
    }
  }
  const why = limit.aborted ? `the whole run took more than ${runLimitMs / 1000} s` : 'the run was ended';
  if (waiting.length > 0) console.log(`\n${waiting.length} files were not run, which count as failed: ${why}`);
  for (const file of waiting) report.add(notRun(file));
  return report.end();
}

function notRun(file: string): TestFileResult {
  const failures = [{ title: file, text: '' }];
  return { file, seconds: 0, passed: 0, skipped: [], failures, output: '', left: [] };
}

function noticeAfter(delayMs: number, file: string): Disposable {
  const timer = setTimeout(() => console.log(`${file} has been running for ${delayMs / 1000} s`), delayMs);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
