/** The audit log in a folder: files of numbered names, of which the last one grows. None is ever removed. */
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { messageOf, SuretyError } from '../base/errors.ts';
import { makeFolders } from '../base/folders.ts';
import { syncFolder } from '../base/replace-file.ts';
import type { AuditLine, AuditLog, AuditRecord } from '../operations/audit/audit-log.ts';
import { chainedLine } from '../rules/hash-chain.ts';
import { lockRun } from './run-lock.ts';

/** A file is left for a new one when it has this size: some ten thousand commands. */
const FULL_BYTES = 8 * 1024 ** 2;
/** Others write one line in a few milliseconds. */
const PATIENCE_MS = 5000;
const TAIL_BYTES = 65_536;

/** Nothing is made before there is something to write. Only the owner of the files may read them. */
export function openAuditLog(folder: string, { fullBytes = FULL_BYTES } = {}): AuditLog {
  return {
    location: folder,
    append(record) {
      try {
        makeFolders(folder, 0o700);
        using _ = lockRun(folder, 'audit', PATIENCE_MS);
        appendLine(folder, record, fullBytes);
      } catch (error) {
        throw failed(`the audit log in ${folder} can not be written: ${messageOf(error)}`, error);
      }
    },
    *lines() {
      for (const name of filesIn(folder)) yield* linesOf(folder, name);
    },
  };
}

function failed(message: string, cause: unknown): SuretyError {
  return new SuretyError('audit.failed', message, {
    hint: 'make room there, or give the folder back to the user who runs Surety',
    cause,
  });
}

function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /^\d{4,}\.jsonl$/.test(name))
    .sort((left, right) => Number.parseInt(left, 10) - Number.parseInt(right, 10));
}

function* linesOf(folder: string, name: string): Iterable<AuditLine> {
  let text: string;
  try {
    text = readFileSync(join(folder, name), 'utf8');
  } catch (error) {
    throw failed(`the audit log ${join(folder, name)} can not be read: ${messageOf(error)}`, error);
  }
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  for (const [at, line] of lines.entries()) yield { file: name, number: at + 1, text: line };
}

function appendLine(folder: string, record: AuditRecord, fullBytes: number): void {
  const files = filesIn(folder);
  const newest = files.at(-1);
  const end = newest === undefined ? undefined : endOf(join(folder, newest));
  const isNew = newest === undefined || end === undefined || end.sizeBytes >= fullBytes;
  const name = isNew ? numbered((newest === undefined ? 0 : Number.parseInt(newest, 10)) + 1) : newest;
  const line = `${chainedLine(record, end?.lastLine ?? lastLineIn(folder, files.slice(0, -1)))}\n`;
  const descriptor = openSync(join(folder, name), 'a', 0o600);
  try {
    // A line that was cut while it was written stays as it is.
    writeAll(descriptor, isNew || end.isWhole ? line : `\n${line}`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  if (isNew) syncFolder(folder);
}

/** A new file is empty when its first line could not be written. */
function lastLineIn(folder: string, files: readonly string[]): string | undefined {
  const newest = files.at(-1);
  return newest === undefined
    ? undefined
    : (endOf(join(folder, newest)).lastLine ?? lastLineIn(folder, files.slice(0, -1)));
}

function numbered(number: number): string {
  return `${String(number).padStart(4, '0')}.jsonl`;
}

function writeAll(descriptor: number, text: string): void {
  let rest: Uint8Array = Buffer.from(text);
  while (rest.length > 0) rest = rest.subarray(writeSync(descriptor, rest));
}

interface End {
  readonly sizeBytes: number;
  /** Undefined in an empty file. */
  readonly lastLine: string | undefined;
  /** Whether the last line has its line break. */
  readonly isWhole: boolean;
}

function endOf(file: string): End {
  const descriptor = openSync(file, 'r');
  try {
    const sizeBytes = fstatSync(descriptor).size;
    for (let tailBytes = TAIL_BYTES; ; tailBytes *= 2) {
      const tail = Buffer.alloc(Math.min(tailBytes, sizeBytes));
      readSync(descriptor, tail, 0, tail.length, sizeBytes - tail.length);
      const isWhole = sizeBytes === 0 || tail.at(-1) === LINE_BREAK;
      const body = isWhole ? tail.subarray(0, -1) : tail;
      const start = body.lastIndexOf(LINE_BREAK);
      if (start < 0 && tail.length < sizeBytes) continue;
      return { sizeBytes, isWhole, lastLine: sizeBytes === 0 ? undefined : body.subarray(start + 1).toString('utf8') };
    }
  } finally {
    closeSync(descriptor);
  }
}

const LINE_BREAK = 0x0a;
