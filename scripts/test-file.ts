import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TEST_EVENTS_FILE, type TestEvent } from './test-events.ts';
import { killMarked, type LeftProcess, processesMarked, TEST_FILE_MARK } from './test-processes.ts';

export interface TestFileHow {
  /** The checkout. */
  readonly root: string;
  /** A folder of this file's own for what it writes; named so that its last part is like no other's on this machine. */
  readonly folder: string;
  /** The file and all it started are killed after that. */
  readonly limitMs: number;
  /** A single test fails after that, which lets its file clean up. */
  readonly testLimitMs: number;
  /** Ends the file at once. */
  readonly signal: AbortSignal;
}

export interface TestFailure {
  readonly title: string;
  readonly text: string;
}

export interface TestFileResult {
  readonly file: string;
  readonly seconds: number;
  readonly passed: number;
  readonly skipped: readonly { readonly title: string; readonly reason: string }[];
  readonly failures: readonly TestFailure[];
  /** What it printed, of all its processes. */
  readonly output: string;
  /** Processes that it started and that were still there a while after its end. */
  readonly left: readonly LeftProcess[];
}

/** How long servers that were told to end may take once their test file is done. */
const LEAVING_MS = 3_000;

/**
 * Runs one test file in a process of its own, and waits for the end of that process only: what it prints goes to a file, so that a
 * grandchild with its standard output open holds up nothing. At the end no process that it started is left.
 */
export async function runTestFile(file: string, how: TestFileHow): Promise<TestFileResult> {
  const mark = how.folder;
  const [printed, events] = [join(how.folder, 'printed'), join(how.folder, 'events')];
  mkdirSync(how.folder, { recursive: true });
  const startedAtMs = performance.now();
  const child = start(file, how, { printed, events, mark });
  const ended = endOf(child);
  const limit = AbortSignal.any([how.signal, AbortSignal.timeout(how.limitMs)]);
  const ending = await Promise.race([ended, abortOf(limit)]);
  const seconds = (performance.now() - startedAtMs) / 1000;
  const left = ending === undefined ? [] : await remainingOf(mark);
  killMarked(mark);
  child.kill('SIGKILL');
  const happened = eventsIn(events);
  const why = ending ?? `it was killed after ${seconds.toFixed(0)} s with all it had started`;
  return { file, seconds, ...countsOf(happened, why, file), output: textOf(printed), left };
}

/**
 * Large blocks go back to the system when they are freed (of the C library, where that is glibc): a program is started by copying the
 * page tables of the process that starts it, and test files start hundreds.
 */
const SMALL_MEMORY = { MALLOC_MMAP_THRESHOLD_: String(1 << 20), MALLOC_ARENA_MAX: '2' };

interface Places {
  readonly printed: string;
  readonly events: string;
  readonly mark: string;
}

function start(file: string, how: TestFileHow, { printed, events, mark }: Places): ChildProcess {
  const output = openSync(printed, 'a');
  // Of a runner around this one, which would be reported to instead.
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
  const options = [
    '--disable-warning=ExperimentalWarning',
    `--test-reporter=${join(import.meta.dirname, 'test-events.ts')}`,
    `--test-timeout=${how.testLimitMs}`,
  ];
  try {
    return spawn(process.execPath, [...options, join(how.root, file)], {
      cwd: how.root,
      env: { ...environment, ...SMALL_MEMORY, [TEST_FILE_MARK]: mark, [TEST_EVENTS_FILE]: events },
      stdio: ['ignore', output, output],
      // A session of its own: neither a terminal nor what is typed there reaches it.
      detached: true,
    });
  } finally {
    closeSync(output);
  }
}

/** What the process ended with, in words. */
function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`it could not be started: ${error.message}`));
    child.once('exit', (code, signal) =>
      resolve(signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`),
    );
  });
}

function abortOf(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}

async function remainingOf(mark: string): Promise<LeftProcess[]> {
  const deadlineMs = performance.now() + LEAVING_MS;
  while (processesMarked(mark).length > 0 && performance.now() < deadlineMs) await sleep(50);
  return killMarked(mark);
}

function countsOf(events: readonly TestEvent[], ending: string, file: string) {
  const failures = withoutCancelled(
    events.filter(isFailure).map(({ name, error = '' }) => ({ title: name, text: error })),
  );
  const passes = events.filter(({ type }) => type === 'test:pass');
  const skipped = passes
    .filter((event) => event.skipped !== undefined)
    .map(({ name, skipped: reason }) => ({ title: name, reason: reason || 'no reason given' }));
  const passed = passes.filter((event) => event.skipped === undefined && !event.isSuite).length;
  const isComplete = events.some(({ type }) => type === 'test:summary');
  const isAsItShould = isComplete && ending === `it ended with code ${failures.length === 0 ? 0 : 1}`;
  if (!isAsItShould) failures.push({ title: file, text: `${ending}${unfinishedOf(events)}` });
  return { failures, skipped, passed };
}

const CANCELLED = 'test did not finish before its parent and was cancelled';

/** Where what comes before some tests failed, that is told once. */
function withoutCancelled(failures: readonly TestFailure[]): TestFailure[] {
  const told = failures.filter(({ text }) => text !== CANCELLED);
  const count = failures.length - told.length;
  if (told.length === 0 || count === 0) return [...failures];
  return told.map((one, at) => (at === 0 ? { ...one, text: `${one.text}\nso ${count} tests were not run` } : one));
}

function isFailure({ type, error }: TestEvent): boolean {
  return type === 'test:fail' && error !== undefined && error !== '';
}

/** The tests that had begun and not ended. */
function unfinishedOf(events: readonly TestEvent[]): string {
  const done = new Set(events.filter(({ type }) => type === 'test:complete').map(({ id }) => id));
  const begun = events.filter(({ type, id }) => type === 'test:dequeue' && !done.has(id));
  const names = begun.map(({ name }) => `\n  ${name}`).join('');
  return names === '' ? '; no test was running' : `; these had not ended:${names}`;
}

function eventsIn(file: string): TestEvent[] {
  return textOf(file)
    .split('\n')
    .flatMap((line) => (line.endsWith('}') ? [JSON.parse(line) as TestEvent] : []));
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
