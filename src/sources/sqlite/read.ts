import type { BigIntStats } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import nodePath from 'node:path';
import { readOwners } from '../../base/owners.ts';
import { setPathTimes } from '../../base/posix.ts';
import type { PrivateFolder } from '../../base/private-folder.ts';
import { keepAlive } from '../keep-alive.ts';
import type { Content, Entry, Fingerprint, ReadHow, Reading, Xattr } from '../source.ts';
import { databaseEntry, directoryEntries, readXattrs, walStats } from './entries.ts';
import { expectNotEmptied, knownFingerprint, notesOn, type SqliteFacts } from './facts.ts';
import type { SqliteOptions } from './options.ts';
import type { Place } from './place.ts';
import { openScratch } from './scratch.ts';
import { type About, corruptError, notADatabase, toSourceError } from './sqlite-error.ts';
import { type CopyReport, runInThread } from './thread.ts';

export interface Database {
  readonly about: About;
  readonly host: string;
  readonly place: Place;
  readonly options: SqliteOptions;
}

/**
 * Copies the database into a private folder and checks the copy. Its fingerprint is taken while the engine reads it.
 * Throws `source.missing`, `source.locked`, `source.corrupt`, `source.unreadable` or `source.failed`.
 */
export async function readDatabase(database: Database, how: ReadHow): Promise<Reading> {
  try {
    return await beginReading(database, how);
  } catch (error) {
    how.signal.throwIfAborted();
    throw toSourceError(error, database.about);
  }
}

async function beginReading(database: Database, how: ReadHow): Promise<Reading> {
  const { about, place } = database;
  const owners = readOwners();
  const { path, stats } = await look(database);
  const real: Place = { ...place, path };
  const entry = await databaseEntry(real, stats, owners);
  const directories = await directoryEntries(place, owners);
  const logBytes = Number((await walStats(path))?.size ?? 0n);
  await using opening = new AsyncDisposableStack();
  const scratch = opening.use(await openScratch(about.source, path, Number(stats.size) + logBytes));
  const copyPath = nodePath.join(scratch.path, 'copy.db');
  const busyTimeoutMs = database.options.busy_timeout;
  const copying = runInThread({ kind: 'copy', about, path, copyPath, busyTimeoutMs }, how.signal);
  const report = await keepAlive(copying, how.alive);
  const { findings, unchecked } = report.integrity;
  if (findings.length > 0) throw corruptError(about, findings);
  if (unchecked !== undefined) {
    const message = `parts of the database could not be checked: ${unchecked}`;
    how.warn({ code: 'entry.unchecked', path: place.entryPath, message });
  }
  setPathTimes(copyPath, entry.mtimeNs);
  const copied: Entry = { ...entry, sizeBytes: Number((await stat(copyPath)).size) };
  const copy: Copy = { path: copyPath, scratch, report };
  const reading = new DatabaseReading(database, how, [...directories, copied], copy);
  opening.move();
  return reading;
}

/** SQLite keeps the companions of a database beside the file itself, not beside a link to it. */
async function look({ about, place }: Database): Promise<{ path: string; stats: BigIntStats }> {
  const path = await realpath(place.path);
  const stats = await stat(path, { bigint: true });
  if (!stats.isFile() || stats.size === 0n) throw notADatabase(about);
  return { path, stats };
}

interface Copy {
  readonly path: string;
  readonly scratch: PrivateFolder;
  readonly report: CopyReport;
}

class DatabaseReading implements Reading {
  readonly host: string;
  readonly paths: readonly string[];
  readonly #database: Database;
  readonly #how: ReadHow;
  readonly #entries: readonly Entry[];
  readonly #copy: Copy;
  readonly #closing = new AbortController();
  readonly #fingerprint: Promise<Fingerprint | undefined>;

  constructor(database: Database, how: ReadHow, entries: readonly Entry[], copy: Copy) {
    this.host = database.host;
    this.paths = [database.place.shown];
    this.#database = database;
    this.#how = how;
    this.#entries = entries;
    this.#copy = copy;
    this.#fingerprint = this.#takeFingerprint();
    // Its failure is told by `finish`; a reading that is given up has nobody to tell.
    this.#fingerprint.catch(() => {});
  }

  async #takeFingerprint(): Promise<Fingerprint | undefined> {
    const level = this.#database.options.fingerprint;
    if (level === 'off') return undefined;
    const known = knownFingerprint(this.#how.previous, this.#copy.report.sha256, level);
    if (known !== undefined) return known;
    const { about } = this.#database;
    const signal = AbortSignal.any([this.#how.signal, this.#closing.signal]);
    return await runInThread({ kind: 'fingerprint', about, path: this.#copy.path, level }, signal);
  }

  async *entries(): AsyncIterable<readonly Entry[]> {
    yield this.#entries;
  }

  xattrs(entries: readonly Entry[]): readonly (readonly Xattr[])[] {
    const { base } = this.#database.place;
    return entries.map((entry) => readXattrs(nodePath.join(base, entry.path), entry, this.#how.warn));
  }

  content(entries: readonly Entry[]): readonly Content[] {
    return entries.map(() => ({ kind: 'path', path: this.#copy.path }));
  }

  async finish(): Promise<SqliteFacts> {
    const fingerprint = await keepAlive(this.#fingerprint, this.#how.alive);
    expectNotEmptied(this.#database.about, this.#how.previous?.fingerprint, fingerprint);
    const { journalMode, integrity, sha256 } = this.#copy.report;
    return {
      kind: 'sqlite',
      versions: { sqlite: process.versions.sqlite ?? '' },
      files: 1,
      sizeBytes: this.#entries.at(-1)!.sizeBytes,
      fingerprint,
      ...notesOn(integrity.foreignKeyViolations),
      sqlite: { journalMode, foreignKeyViolations: integrity.foreignKeyViolations, sha256 },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#fingerprint.catch(() => {});
    await this.#copy.scratch[Symbol.asyncDispose]();
  }
}
