/** Writes what `surety schedule export` makes. */
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { SuretyError, systemCode } from '../base/errors.ts';
import { makeFolders } from '../base/folders.ts';
import { type ExportedFile, MARK } from '../operations/schedule/exported.ts';

export const SCHEDULE_FORMATS = ['crontab', 'systemd', 'windows', 'compose'] as const;
export type ScheduleFormat = (typeof SCHEDULE_FORMATS)[number];

export interface WriteHow {
  readonly format: ScheduleFormat;
  /** A file, or a folder for formats of several. */
  readonly output: string;
  /** Also over what is no export. */
  readonly force: boolean;
}

/** Paths of the written files, each replaced whole; none is written when one may not be. Throws `schedule.exists` or `schedule.unwritable`. */
export async function writeExported(files: readonly ExportedFile[], how: WriteHow): Promise<string[]> {
  const place = resolve(how.output);
  const isFolder = how.format === 'systemd' || how.format === 'windows' || (await isDirectory(place));
  const all = files.map(({ name, text }) => {
    return { path: isFolder ? join(place, name) : place, bytes: encoded(text, how.format) };
  });
  for (const { path } of all) if (!how.force) await expectOurs(path);
  for (const { path, bytes } of all) await replace(path, bytes);
  return all.map(({ path }) => path);
}

/** schtasks reads UTF-16 with a mark of the byte order. */
function encoded(text: string, format: ScheduleFormat): Buffer {
  return format === 'windows' ? Buffer.from(`\ufeff${text}`, 'utf16le') : Buffer.from(text);
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

async function expectOurs(path: string): Promise<void> {
  try {
    const bytes = await readFile(path);
    if (bytes.includes(MARK) || bytes.includes(Buffer.from(MARK, 'utf16le'))) return;
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return;
    throw unwritable(path, error);
  }
  throw new SuretyError('schedule.exists', `${path} exists already, and is no export of schedules`, {
    hint: 'name another place with --output, or overwrite it with --force',
  });
}

async function replace(path: string, bytes: Buffer): Promise<void> {
  const scratch = `${path}.export-${process.pid}`;
  try {
    makeFolders(dirname(path));
    await writeFile(scratch, bytes, { flag: 'wx', mode: 0o644 });
    await rename(scratch, path);
  } catch (cause) {
    await rm(scratch, { force: true }).catch(() => {});
    throw unwritable(path, cause);
  }
}

function unwritable(path: string, cause: unknown): SuretyError {
  return new SuretyError(
    'schedule.unwritable',
    `${path} can not be written (${systemCode(cause) ?? 'unknown error'})`,
    {
      hint: 'check the path, and that this user may write there',
      cause,
    },
  );
}
