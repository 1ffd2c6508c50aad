import { relative } from 'node:path';
import { styleText } from 'node:util';

/** What the report needs of an event of `run()` from node:test. */
interface TestEvent {
  readonly type: string;
  readonly data: {
    readonly name?: string;
    readonly file?: string;
    readonly nesting?: number;
    readonly skip?: string | boolean;
    readonly message?: string;
    readonly duration_ms?: number;
    readonly details?: { readonly type?: string; readonly duration_ms?: number; readonly error?: Error };
  };
}

interface FileResult {
  passed: number;
  failed: number;
  skipped: number;
  readonly output: string[];
}

interface Note {
  readonly file: string;
  readonly title: string;
  readonly text: string;
}

export interface TestTotals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * Prints the events of a test run for people: one line for each file, the failures in full with what the file printed, and at
 * the end every skipped test with its reason.
 */
export async function reportTests(events: AsyncIterable<TestEvent>, root: string): Promise<TestTotals> {
  const files = new Map<string, FileResult>();
  const failures: Note[] = [];
  const skips: Note[] = [];
  const startedAtMs = performance.now();
  for await (const event of events) {
    const file = event.data.file === undefined ? '' : relative(root, event.data.file);
    const result = resultOf(files, file);
    if (event.type === 'test:stdout' || event.type === 'test:stderr') result.output.push(event.data.message ?? '');
    if (event.type === 'test:pass') recordPass(event, file, result, skips);
    if (event.type === 'test:fail') recordFailure(event, file, result, failures);
    if (event.type === 'test:summary' && file !== '') printFile(file, result, event.data.duration_ms);
  }
  for (const failure of failures) printFailure(failure, files.get(failure.file)?.output.join('') ?? '');
  printSkips(skips);
  const totals = add([...files.values()]);
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
  console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped in ${seconds} s`);
  return totals;
}

function resultOf(files: Map<string, FileResult>, file: string): FileResult {
  const known = files.get(file);
  if (known) return known;
  const fresh = { passed: 0, failed: 0, skipped: 0, output: [] };
  files.set(file, fresh);
  return fresh;
}

function recordPass(event: TestEvent, file: string, result: FileResult, skips: Note[]): void {
  const skip = event.data.skip;
  if (skip !== undefined && skip !== false) {
    result.skipped += 1;
    skips.push({ file, title: event.data.name ?? '', text: skip === true || skip === '' ? 'no reason given' : skip });
  } else if (event.data.details?.type !== 'suite') result.passed += 1;
}

function recordFailure(event: TestEvent, file: string, result: FileResult, failures: Note[]): void {
  const error = event.data.details?.error as (Error & { failureType?: string; cause?: unknown }) | undefined;
  // A parent fails because of its children, which have been recorded already.
  if (error?.failureType === 'subtestsFailed') return;
  result.failed += 1;
  if (event.data.name?.endsWith(file)) printFile(file, result, event.data.details?.duration_ms);
  const cause = error?.cause ?? error;
  const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  failures.push({ file, title: event.data.name ?? '', text });
}

function printFile(file: string, result: FileResult, durationMs = 0): void {
  const mark = result.failed > 0 ? styleText('red', '✖') : styleText('green', '✔');
  const seconds = (durationMs / 1000).toFixed(1);
  const counts = [
    `${result.passed} passed`,
    result.failed > 0 ? styleText('red', `${result.failed} failed`) : '',
    result.skipped > 0 ? styleText('yellow', `${result.skipped} skipped`) : '',
  ].filter((part) => part !== '');
  console.log(`${mark} ${file}  ${counts.join(', ')}  ${styleText('gray', `${seconds} s`)}`);
}

function printFailure(failure: Note, output: string): void {
  console.log(`\n${styleText('red', '✖ failed:')} ${failure.title}\n  ${failure.file}`);
  console.log(indent(failure.text));
  if (output.trim() !== '')
    console.log(`${styleText('gray', '  the file printed:')}\n${indent(output.trimEnd().slice(-4_000))}`);
}

function printSkips(skips: readonly Note[]): void {
  if (skips.length === 0) return;
  console.log(`\n${styleText('yellow', `${skips.length} skipped:`)}`);
  for (const skip of skips) console.log(`  - ${skip.title} (${skip.file}): ${skip.text}`);
}

function indent(text: string): string {
  return text.replace(/^/gm, '    ');
}

function add(results: readonly FileResult[]): TestTotals {
  const sum = (pick: (result: FileResult) => number) => results.reduce((total, result) => total + pick(result), 0);
  return { passed: sum((r) => r.passed), failed: sum((r) => r.failed), skipped: sum((r) => r.skipped) };
}
