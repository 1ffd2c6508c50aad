import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Sized {
  readonly name: string;
  readonly lines: number;
}

/** Prints how long files and functions are: a mirror, not a gate. */
export function printSizes(root: string): void {
  const paths = globSync('{bin,src,scripts,bench,test}/**/*.{ts,mjs}', { cwd: root }).sort();
  const all = paths.map((name) => ({ name, text: readFileSync(join(root, name), 'utf8') }));
  const source = all.filter(({ name }) => name.startsWith('src/') && !name.endsWith('.test.ts'));
  const tests = all.filter(({ name }) => name.startsWith('test/') || name.endsWith('.test.ts'));
  const lines = (files: readonly { name: string; text: string }[]) =>
    files.map(({ name, text }) => ({ name, lines: countLines(text) }));
  const total = (sized: readonly Sized[]) => sized.reduce((sum, one) => sum + one.lines, 0);
  printTable('files of src (lines)', lines(source));
  printTable(
    'functions of src (lines)',
    source.flatMap(({ name, text }) => functionSizes(name, text)),
  );
  printTable('test files (lines)', lines(tests));
  const ratio = total(lines(tests)) / Math.max(1, total(lines(source)));
  console.log(`\nsource ${total(lines(source))} lines, tests ${total(lines(tests))} lines, ratio ${ratio.toFixed(2)}`);
}

/**
 * The functions of a formatted source text: a line that opens one, up to the line that closes its brace at the same
 * indentation. Good for comparison; it relies on the formatter, not on a parser.
 */
export function functionSizes(file: string, text: string): Sized[] {
  const lines = text.split('\n');
  const found: Sized[] = [];
  for (const [at, line] of lines.entries()) {
    const opening = openingOf(line);
    if (opening === undefined) continue;
    const from = startOf(lines, at);
    const end = lines.findIndex((other, index) => index > at && other.startsWith(`${opening.indent}}`));
    if (end === -1) continue;
    found.push({ name: `${file}:${from + 1} ${nameOf(lines[from] ?? line)}`, lines: end - from + 1 });
  }
  return found;
}

/** A line that ends a function's head; control statements and object literals are not. */
function openingOf(line: string): { indent: string } | undefined {
  const match =
    /^(\s*)(?!.*\b(?:if|for|while|switch|catch|else|do|try)\b\s*[({]).*(?:\)|\)\s*:\s*[^={]+|=>)\s*\{$/.exec(line);
  if (!match || /^\s*(?:\/\/|\*)/.test(line)) return undefined;
  return { indent: match[1] ?? '' };
}

/** The head may span lines: `)` or `): Type {` at the indentation of the line that began it. */
function startOf(lines: readonly string[], at: number): number {
  const line = lines[at] ?? '';
  if (!/^\s*\)/.test(line)) return at;
  const indent = /^\s*/.exec(line)?.[0] ?? '';
  for (let from = at - 1; from >= 0; from--) {
    const head = lines[from] ?? '';
    if (head.startsWith(indent) && /^\S/.test(head.slice(indent.length))) return from;
  }
  return at;
}

function nameOf(head: string): string {
  const match = /(?:function\*?\s+|(?:const|let)\s+|async\s+|get\s+|static\s+)?(\[?[#\w.]+\]?)\s*(?:[<(=:]|$)/.exec(
    head.replace(/\b(?:export|default|async|const|function\*?)\b/g, '').trim(),
  );
  return match?.[1] ?? '(anonymous)';
}

function countLines(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
}

function printTable(title: string, sized: readonly Sized[]): void {
  const ordered = [...sized].sort((left, right) => right.lines - left.lines);
  const at = (share: number) =>
    ordered[Math.min(ordered.length - 1, Math.floor(ordered.length * (1 - share)))]?.lines ?? 0;
  console.log(`\n${title}: ${ordered.length}, median ${at(0.5)}, p90 ${at(0.9)}, max ${ordered[0]?.lines ?? 0}`);
  for (const one of ordered.slice(0, 10)) console.log(`  ${String(one.lines).padStart(5)}  ${one.name}`);
}
