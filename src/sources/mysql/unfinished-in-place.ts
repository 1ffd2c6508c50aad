/** A record beside the safety dump, from before a database is changed in place until it is whole again. */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../base/clock.ts';
import { shownCommand } from '../../base/command-line.ts';
import { displayName } from '../../base/names.ts';
import { replaceFile, syncFolder } from '../../base/replace-file.ts';

interface InPlaceRecord {
  readonly source: string;
  readonly database: string;
  /** The safety dump; undefined: there was no such database before. */
  readonly dump: string | undefined;
  readonly since: string;
}

export interface UnfinishedInPlace extends InPlaceRecord {
  /** The record's own path. */
  readonly file: string;
}

const ENDING = '.in-place.json';

/** Durable when it returns, as is the safety dump in the same folder. Returns the path of the record. */
export function beginInPlace(folder: string, name: string, about: Omit<InPlaceRecord, 'since'>): string {
  const file = join(folder, name + ENDING);
  const record: InPlaceRecord = { ...about, since: systemClock.now().toISOString() };
  replaceFile(file, `${JSON.stringify(record, null, 2)}\n`);
  return file;
}

export function endInPlace(folder: string, file: string): void {
  rmSync(file, { force: true });
  syncFolder(folder);
}

/** A database that was restored as a whole is not incomplete any more, whatever began before. */
export function settleInPlace(folder: string, source: string, database: string): void {
  for (const record of findInPlace(folder, source)) if (record.database === database) endInPlace(folder, record.file);
}

/** Records of this source, oldest first. What can not be read is none. */
export function findInPlace(folder: string, source: string): UnfinishedInPlace[] {
  const found: UnfinishedInPlace[] = [];
  for (const name of filesOf(folder)) {
    const file = join(folder, name);
    try {
      const record = JSON.parse(readFileSync(file, 'utf8')) as InPlaceRecord;
      if (record.source === source) found.push({ ...record, file });
    } catch {
      // It was removed meanwhile, or is of something else.
    }
  }
  return found.sort((left, right) => (left.since < right.since ? -1 : 1));
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith(ENDING));
  } catch {
    return [];
  }
}

/** For people: what is not complete, and what brings it back. `host` is where the client is, when that is not this machine. */
export function tellInPlace(
  { database, dump, since, file }: UnfinishedInPlace,
  client: string,
  host: string | undefined,
): string {
  const began = `database ${displayName(database)} may be incomplete: its restore in place of ${since} did not end, or is under way`;
  const again = 'restore it again';
  if (dump === undefined) return `${began}; ${again}, or drop it and remove ${displayName(file)}`;
  if (host !== undefined) {
    return `${began}; what was in it before is in ${displayName(dump)} of this machine: ${again}, or read that back with ${client} on ${host}, and remove ${displayName(file)}`;
  }
  const load = `${shownCommand([client, database])} < ${shownCommand([dump])} && ${shownCommand(['rm', file])}`;
  return `${began}; what was in it before is in ${displayName(dump)}: ${again}, or read that back: ${load}`;
}
