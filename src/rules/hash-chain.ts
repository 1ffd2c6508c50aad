/** Lines that each carry the hash of the one before, so that what was changed or taken out of their middle shows. */
import { createHash } from 'node:crypto';

/** One line of a chain, without its line break. */
export interface ChainLine {
  /** What it is in, for people. */
  readonly file: string;
  /** From 1. */
  readonly number: number;
  readonly text: string;
}

export interface ChainReport {
  readonly lines: number;
  /** Of the last line; '' when there is none. */
  readonly lastHash: string;
  /** True when what came before the first line is not there. */
  readonly beginsLater: boolean;
  /** Where the chain is broken. */
  readonly breaks: readonly ChainPlace[];
  /** Lines that were cut while they were written, by a full disk or a lost power supply; the chain goes on after them. */
  readonly cut: readonly ChainPlace[];
}

export interface ChainPlace {
  readonly file: string;
  readonly number: number;
  readonly message: string;
}

/** SHA-256 of the line's UTF-8, in hex. */
export function hashOfLine(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** A line for the end of the chain; `previousText` is the last line there is, undefined for none. */
export function chainedLine(record: object, previousText: string | undefined): string {
  return JSON.stringify({ ...record, previous: previousText === undefined ? '' : hashOfLine(previousText) });
}

/** Oldest first, of all files that are there. */
export function checkChain(lines: Iterable<ChainLine>): ChainReport {
  const breaks: ChainPlace[] = [];
  const cut: ChainPlace[] = [];
  let before: ChainLine | undefined;
  let count = 0;
  let beginsLater = false;
  for (const line of lines) {
    const previous = previousOf(line.text);
    const { file, number } = line;
    if (previous === undefined) cut.push({ file, number, message: 'is not whole' });
    else if (before === undefined) beginsLater = previous !== '';
    else if (previous !== hashOfLine(before.text)) breaks.push({ file, number, message: brokenAfter(before, line) });
    before = line;
    count += 1;
  }
  return { lines: count, lastHash: before === undefined ? '' : hashOfLine(before.text), beginsLater, breaks, cut };
}

function brokenAfter(before: ChainLine, { file }: ChainLine): string {
  const where = before.file === file ? `line ${before.number}` : `line ${before.number} of ${before.file}`;
  return `does not follow ${where}: that was changed, or lines between them were changed, added or removed`;
}

/** Undefined of a line that is no record at all. */
function previousOf(text: string): string | undefined {
  try {
    const { previous } = JSON.parse(text);
    return typeof previous === 'string' ? previous : undefined;
  } catch {
    return undefined;
  }
}
