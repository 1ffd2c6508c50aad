/** `logs/backup_YYYYMMDD.log`: one line for each backup that ended, well or not, by the day (UTC) on which it began. */
import { hasCode } from '../../base/errors.ts';
import type { How } from '../engine.ts';
import type { Repository } from './repository.ts';

export interface LogLine {
  readonly level: 'INFO' | 'ERROR';
  /** When the backup began, and when it ended. */
  readonly startedAt: Date;
  readonly at: Date;
  readonly id: string;
  readonly text: string;
}

const ATTEMPTS = 3;
const MAX_LOG_BYTES = 16 * 1024 * 1024;

function logKey(day: Date): string {
  return `logs/backup_${day.toISOString().slice(0, 10).replaceAll('-', '')}.log`;
}

/**
 * Adds a line, unless the log is so long that others must have written it. Stores can not append, so the file is written anew; a line that another machine's writing pushed out is added once more.
 */
export async function logLine(repository: Repository, line: LogLine, how: How): Promise<void> {
  const { logging } = repository;
  const mine = logging.last.then(() => append(repository, line, how));
  logging.last = mine.catch(() => {});
  await mine;
}

async function append({ store }: Repository, line: LogLine, how: How): Promise<void> {
  const key = logKey(line.startedAt);
  const shown = line.text.replace(/\s*\n\s*/g, ' / ');
  const text = `${line.at.toISOString().slice(0, 19)}Z ${line.level} ${line.id} ${shown}\n`;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const before = await readLog(store, key, how);
    if (before === undefined || before.includes(text)) return;
    await store.put(key, Buffer.from(before + text), how);
  }
}

/** Undefined where it is too long to be written anew. */
async function readLog(store: Repository['store'], key: string, how: How): Promise<string | undefined> {
  const stored = await store.stat(key, how);
  if (stored === undefined) return '';
  if (stored.sizeBytes > MAX_LOG_BYTES) return undefined;
  try {
    return Buffer.from(await store.read(key, undefined, how)).toString('utf8');
  } catch (error) {
    if (hasCode(error, 'store.not-found')) return '';
    throw error;
  }
}
