import { dirname } from 'node:path';
import { styleText } from 'node:util';
import type { TestFailure, TestFileResult } from './test-file.ts';

/** Files that are named at the end, because they take longest. */
const SLOWEST = 12;
const OUTPUT_SHOWN = 4_000;

export interface TestTotals {
  readonly passed: number;
  readonly failed: number;
}

export interface TestReport {
  /** Prints failures in full at once, and a line for a folder when all its files are done. */
  add(result: TestFileResult): void;
  /** Prints what failed beside others, of a file that then passed by itself. */
  unsteady(first: TestFileResult): void;
  /** Prints skipped tests with their reasons, the slowest files and the sums. */
  end(): TestTotals;
}

/** Prints the results of the test `files` for people: little when all is well. */
export function testReport(files: readonly string[]): TestReport {
  const results: TestFileResult[] = [];
  const startedAtMs = performance.now();
  const isWhole = (folder: string) => inFolder(files, folder).length === inFolder(namesOf(results), folder).length;
  return {
    add(result) {
      results.push(result);
      for (const { title, text } of result.failures.filter(isTold)) printFailure(result.file, title, text);
      if (result.failures.length > 0) printOutput(result.output);
      for (const { pid, command } of result.left) {
        console.log(styleText('yellow', `! ${result.file} left a process, which was killed: ${command} (${pid})`));
      }
      const folder = folderOf(result.file);
      if (isWhole(folder))
        printFolder(
          folder,
          results.filter(({ file }) => folderOf(file) === folder),
        );
    },
    unsteady({ file, failures }) {
      const words = 'failed beside others and passed by itself';
      console.log(styleText('yellow', `! ${file} is unsteady: it ${words}`));
      for (const { title, text } of failures.filter(isTold)) printFailure(file, title, text);
    },
    end() {
      printSkipped(results);
      printSlowest(results);
      const totals = {
        passed: sum(results, ({ passed }) => passed),
        failed: sum(results, ({ failures }) => failures.length),
      };
      const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(0);
      const skipped = sum(results, ({ skipped }) => skipped.length);
      console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${skipped} skipped in ${seconds} s`);
      for (const { file, failures } of results)
        for (const { title } of failures.filter(isTold)) console.log(`${CROSS} ${file}: ${title}`);
      return totals;
    },
  };
}

const CROSS = styleText('red', '✖');

/** `test/services`, `src/engines`: not deeper, so that the lines are few. */
function folderOf(file: string): string {
  return dirname(file).split('/').slice(0, 2).join('/');
}

function inFolder(files: readonly string[], folder: string): string[] {
  return files.filter((file) => folderOf(file) === folder);
}

function namesOf(results: readonly TestFileResult[]): string[] {
  return results.map(({ file }) => file);
}

function printFolder(folder: string, results: readonly TestFileResult[]): void {
  const failed = sum(results, ({ failures }) => failures.length);
  const skipped = sum(results, (result) => result.skipped.length);
  const counts = [
    `${sum(results, ({ passed }) => passed)} passed`,
    failed > 0 ? styleText('red', `${failed} failed`) : '',
    skipped > 0 ? styleText('yellow', `${skipped} skipped`) : '',
    `${results.length} files`,
  ].filter((part) => part !== '');
  const seconds = sum(results, (result) => result.seconds).toFixed(0);
  const mark = failed > 0 ? CROSS : styleText('green', '✔');
  console.log(`${mark} ${folder}  ${counts.join(', ')}  ${styleText('gray', `${seconds} s`)}`);
}

function printFailure(file: string, title: string, text: string): void {
  console.log(`\n${styleText('red', '✖ failed:')} ${title}\n  ${file}\n${indent(text)}`);
}

function printOutput(output: string): void {
  if (output.trim() === '') return;
  console.log(`${styleText('gray', '  the file printed:')}\n${indent(output.trimEnd().slice(-OUTPUT_SHOWN))}`);
}

function printSkipped(results: readonly TestFileResult[]): void {
  const skipped = results.flatMap((result) => result.skipped.map((one) => ({ file: result.file, ...one })));
  if (skipped.length === 0) return;
  console.log(`\n${styleText('yellow', `${skipped.length} skipped:`)}`);
  for (const { title, file, reason } of skipped) console.log(`  - ${title} (${file}): ${reason}`);
}

function printSlowest(results: readonly TestFileResult[]): void {
  const slowest = results.toSorted((a, b) => b.seconds - a.seconds).slice(0, SLOWEST);
  if (results.length <= SLOWEST) return;
  console.log(`\nslowest: ${slowest.map(({ file, seconds }) => `${file} ${seconds.toFixed(0)} s`).join(', ')}`);
}

/** Of files that were not run that is told for all of them. */
function isTold({ text }: TestFailure): boolean {
  return text !== '';
}

function indent(text: string): string {
  return text.replace(/^/gm, '    ');
}

function sum<One>(all: readonly One[], pick: (one: One) => number): number {
  return all.reduce((total, one) => total + pick(one), 0);
}
