import nodePath from 'node:path';
import { SuretyError } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import { warnIfShrunk } from '../shrunk.ts';
import type { Content, ContentHow, Entry, ReadHow, Reading, SourceFacts, Xattr } from '../source.ts';
import { chooseDumps } from './choose.ts';
import type { DumpFolder } from './dump-folder.ts';
import { type ChosenDump, dumpFilesFacts } from './facts.ts';

/** Chooses the dumps and begins to read them as the files they are. */
export async function readDumpFiles(dumps: DumpFolder, how: ReadHow): Promise<Reading> {
  const chosen = await chooseDumps(dumps, how);
  const paths = chosen.map(({ name }) => nodePath.posix.join(dumps.options.path, name));
  // Which files there are changes with every dump: nothing is to be learned from those of the last time.
  const files = await dumps.files(paths).read({ ...how, previous: undefined });
  return new DumpFilesReading(dumps, chosen, files, how);
}

class DumpFilesReading implements Reading {
  readonly host: string;
  readonly paths: readonly string[];
  readonly #dumps: DumpFolder;
  readonly #chosen: readonly ChosenDump[];
  readonly #files: Reading;
  readonly #how: ReadHow;

  constructor(dumps: DumpFolder, chosen: readonly ChosenDump[], files: Reading, how: ReadHow) {
    this.host = files.host;
    this.paths = [dumps.shown];
    this.#dumps = dumps;
    this.#chosen = chosen;
    this.#files = files;
    this.#how = how;
  }

  entries(): AsyncIterable<readonly Entry[]> {
    return this.#files.entries();
  }

  xattrs(entries: readonly Entry[]): readonly (readonly Xattr[])[] | Promise<readonly (readonly Xattr[])[]> {
    return this.#files.xattrs(entries);
  }

  content(entries: readonly Entry[], how: ContentHow): Iterable<Content> | AsyncIterable<Content> {
    return this.#files.content(entries, how);
  }

  async finish(): Promise<SourceFacts> {
    const facts = await this.#files.finish();
    for (const dump of this.#chosen) {
      const isSame = await this.#dumps.view.isSame(dump, this.#how.signal);
      if (!isSame) throw changedMeanwhile(this.#dumps, dump);
    }
    const { complete, keep } = this.#dumps.options;
    const now = dumpFilesFacts(facts, this.#chosen, complete);
    if (keep === 'newest') warnIfShrunk(this.#chosen[0]?.name ?? '', now, this.#how);
    return now;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#files[Symbol.asyncDispose]();
  }
}

function changedMeanwhile({ name }: DumpFolder, { name: file, path }: ChosenDump): SuretyError {
  const message = `dump ${displayName(file)} of source ${name} was changed or removed while it was read`;
  return new SuretyError('source.incomplete', message, {
    hint: 'back up at a time when the other system makes no dumps, or set a longer min_age',
    retry: 'later',
    details: { source: name, path },
  });
}
