import { createHash } from 'node:crypto';
import nodePath from 'node:path';
import { SuretyError } from '../../../base/errors.ts';
import { type FarFolder, openFarFolder } from '../../far-folder.ts';
import { farEntry } from '../../far-stat.ts';
import { keepAlive } from '../../keep-alive.ts';
import type { Content, ContentHow, Entry, Fingerprint, ReadHow, Reading, Xattr } from '../../source.ts';
import { toolOutput } from '../../tool.ts';
import { expectNotEmptied, knownFingerprint, notesOn, type SqliteFacts } from '../facts.ts';
import { corruptError } from '../sqlite-error.ts';
import { copyThere, type FarCopy } from './copy.ts';
import { aboutFar, explainFar, type FarDatabase } from './database.ts';
import { fingerprintThere } from './fingerprint.ts';
import { expectDatabase, type FarPlace, type Header, lookFar } from './look.ts';

/**
 * Copies the database into a private folder of its host and checks the copy there. It is streamed from there, and its fingerprint is
 * taken meanwhile. Throws `source.missing`, `source.locked`, `source.corrupt`, `source.unreadable`, `source.failed` and what a
 * host or its programs are missed with.
 */
export async function readFar(database: FarDatabase, how: ReadHow): Promise<Reading> {
  how.signal.throwIfAborted();
  const { source, reach } = database;
  const place = await lookFar(database, how.signal);
  const header = expectDatabase(database, place);
  const beside = nodePath.posix.dirname(place.real);
  await using opening = new AsyncDisposableStack();
  const folder = opening.use(
    await openFarFolder(reach, {
      purpose: 'sqlite',
      below: place.temporaryIsNear ? [''] : [beside, ''],
      neededBytes: place.file!.sizeBytes + (place.wal?.sizeBytes ?? 0),
      signal: how.signal,
      doing: `copy of database ${source}`,
      fullCode: 'source.failed',
    }),
  );
  const copying = copyThere(database, place, header, { folder: folder.path, signal: how.signal });
  const copy = await keepAlive(copying, how.alive);
  const about = aboutFar(database, place.path);
  const { findings, unchecked } = copy.integrity;
  if (findings.length > 0) throw corruptError(about, findings);
  if (unchecked !== undefined) {
    const message = `parts of the database could not be checked: ${unchecked}`;
    how.warn({ code: 'entry.unchecked', path: place.path.slice(1), message });
  }
  const reading = new FarReading({ database, place, header, folder, copy }, how);
  opening.move();
  return reading;
}

interface FarReadingOf {
  readonly database: FarDatabase;
  readonly place: FarPlace;
  readonly header: Header;
  readonly folder: FarFolder;
  readonly copy: FarCopy;
}

class FarReading implements Reading {
  readonly host: string;
  readonly paths: readonly string[];
  readonly #of: FarReadingOf;
  readonly #how: ReadHow;
  readonly #closing = new AbortController();
  readonly #fingerprint: Promise<Fingerprint | undefined>;
  #sha256: string | undefined;

  constructor(of: FarReadingOf, how: ReadHow) {
    this.host = of.database.reach.traits.host;
    this.paths = [of.place.path];
    this.#of = of;
    this.#how = how;
    this.#fingerprint = this.#takeFingerprint();
    // Its failure is told by `finish`; a reading that is given up has nobody to tell.
    this.#fingerprint.catch(() => {});
  }

  get #copyPath(): string {
    return `${this.#of.folder.path}/copy.db`;
  }

  async #takeFingerprint(): Promise<Fingerprint | undefined> {
    const { database, place, copy } = this.#of;
    const level = database.options.fingerprint;
    if (level === 'off') return undefined;
    const known = copy.sha256 && knownFingerprint(this.#how.previous, copy.sha256, level);
    if (known) return known;
    const signal = AbortSignal.any([this.#how.signal, this.#closing.signal]);
    return await fingerprintThere(database, place.tools, this.#copyPath, { level, signal });
  }

  async *entries(): AsyncIterable<readonly Entry[]> {
    const { place, copy } = this.#of;
    const names = place.path.slice(1).split('/');
    const folders = place.folders.map((folder, at) => farEntry(names.slice(0, at + 1).join('/'), folder));
    yield [...folders, { ...databaseEntry(place), sizeBytes: copy.sizeBytes }];
  }

  xattrs(entries: readonly Entry[]): readonly (readonly Xattr[])[] {
    return entries.map(() => []);
  }

  *content(entries: readonly Entry[], { signal }: ContentHow): Iterable<Content> {
    for (const _ of entries) yield { kind: 'stream', chunks: this.#stream(signal) };
  }

  async *#stream(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const { database, place, copy } = this.#of;
    const doing = `copy of database ${database.source}`;
    const explain = explainFar(aboutFar(database, place.path), doing);
    const hasher = createHash('sha256');
    let sizeBytes = 0;
    for await (const chunk of toolOutput(database.reach, ['cat', this.#copyPath], { signal, doing, explain })) {
      hasher.update(chunk);
      sizeBytes += chunk.length;
      yield chunk;
    }
    const sha256 = hasher.digest('hex');
    if (sizeBytes !== copy.sizeBytes || (copy.sha256 !== undefined && copy.sha256 !== sha256)) {
      throw new SuretyError('source.incomplete', `${doing}: what came from ${this.host} is not what is there`, {
        hint: 'back up again; when it happens again, look at the disk of that host',
        retry: 'later',
      });
    }
    this.#sha256 = sha256;
  }

  async finish(): Promise<SqliteFacts> {
    const { database, place, header, copy } = this.#of;
    const fingerprint = await keepAlive(this.#fingerprint, this.#how.alive);
    expectNotEmptied(aboutFar(database, place.path), this.#how.previous?.fingerprint, fingerprint);
    const { foreignKeyViolations } = copy.integrity;
    const { sqlite3, python } = place.tools;
    return {
      kind: 'sqlite',
      versions: { sqlite: sqlite3 ?? python ?? '' },
      files: 1,
      sizeBytes: copy.sizeBytes,
      fingerprint,
      ...notesOn(foreignKeyViolations),
      // An engine that found the entry unchanged did not ask for its content.
      sqlite: { journalMode: header.journalMode, foreignKeyViolations, sha256: this.#sha256 ?? copy.sha256 ?? '' },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#fingerprint.catch(() => {});
    await this.#of.folder[Symbol.asyncDispose]();
  }
}

/** Times that may still be those of the next change: some hosts tell them in whole seconds only. */
const SAME_SECONDS = 2n;

/**
 * The entry of the database: changed whenever its contents are. In WAL mode new contents are in the -wal file only, so the later time of
 * both counts; and what was changed just now may be changed once more without its time showing it.
 */
function databaseEntry({ path, file, wal, nowSeconds }: FarPlace): Entry {
  const entry = { ...farEntry(path.slice(1), file!), links: 1 };
  const both = wal === undefined || wal.sizeBytes === 0 ? [entry] : [entry, wal];
  const latest = (times: readonly bigint[]): bigint => times.reduce((one, other) => (one > other ? one : other));
  const mtimeNs = latest(both.map((one) => one.mtimeNs));
  const ctimeNs = latest(both.map((one) => one.ctimeNs));
  const second = 1_000_000_000n;
  const coarse = mtimeNs % second === 0n && ctimeNs % second === 0n;
  const fresh = coarse && BigInt(nowSeconds) - ctimeNs / second <= SAME_SECONDS;
  // A fraction that no time of that host has: the entry is not that of the next run, so it is read again.
  return { ...entry, mtimeNs, ctimeNs: fresh ? ctimeNs + 1n : ctimeNs };
}
