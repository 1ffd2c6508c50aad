/** Opens what writes snapshots back. */
import { existsSync } from 'node:fs';
import { basename, dirname, isAbsolute, relative } from 'node:path';
import { hostName } from '../base/environment.ts';
import { SuretyError } from '../base/errors.ts';
import { shortId } from '../base/short-id.ts';
import type { Whole } from '../base/whole.ts';
import { type Config, type SourceConfig, sourceInside } from '../config/config.ts';
import type { Snapshot } from '../engines/engine.ts';
import type { Restoring, Source } from '../sources/source.ts';
import { intoOwn, takingForeignDumps } from './compose-foreign-dump.ts';
import { type Hosts, isHere } from './compose-host.ts';
import { openOnce, openSource } from './compose-source.ts';
import { placeMark } from './place-mark.ts';
import type { Platform, WriterHow } from './platform.ts';

export interface WritersHow {
  /** Closes what was opened when all is done. */
  readonly opened: AsyncDisposableStack;
  readonly warn: (message: string) => void;
  readonly hosts: Hosts;
}

/** What writes snapshots back to the sources of the configuration, or beside them. */
export function writersOf(config: Config, { opened, warn, hosts }: WritersHow): Pick<Platform, 'writer' | 'placeOf'> {
  return {
    writer(snapshot, recorded, how) {
      const { name, kind, source, writesTo } = chooseWriter(config, snapshot, recorded, how);
      const make = async (signal: AbortSignal) => {
        if (source === undefined) return await openWriter(snapshot, kind, name, config.directory);
        const port = await openSource(source, config, { signal, warn, hosts });
        if (recorded === undefined) return (await takingForeignDumps(port, source)) ?? port;
        return how.into !== undefined && how.into !== snapshot.source ? intoOwn(port, source) : port;
      };
      const open = openOnce(
        async (signal) => (how.to === 'file' ? renamed(await make(signal)) : await make(signal)),
        opened,
      );
      return { name, kind, writesTo, open };
    },
    placeOf(snapshot, kind, into) {
      const source = configured(config, into ?? snapshot.source, kind);
      if (source !== undefined && into !== undefined && into !== snapshot.source) refuseElsewhere(snapshot, source);
      return source === undefined ? undefined : placeMark(source);
    },
  };
}

/** `source` is undefined where a plain writer does it. */
function chooseWriter(config: Config, snapshot: Snapshot, recorded: string | undefined, { to, into }: WriterHow) {
  const taker = to === 'original' && into !== undefined ? configured(config, into, recorded) : undefined;
  const kind = recorded ?? (taker === undefined ? 'files' : sourceInside(taker).kind);
  const name = into ?? (snapshot.source === '' ? shortId(snapshot.id) : snapshot.source);
  const source = configured(config, into ?? snapshot.source, kind);
  // What is not to go to its original place goes to this machine, wherever the source lives.
  const isPlain = to !== 'original' && (!writesFiles(kind) || (source !== undefined && !isHere(source.host)));
  const isFar = !isPlain && to === 'original' && source !== undefined && !isHere(source.host);
  return { name, kind, source: isPlain ? undefined : source, writesTo: isFar ? source.host : undefined };
}

function configured({ sources }: Config, name: string, kind: string | undefined): SourceConfig | undefined {
  return sources.find((source) => source.name === name && (kind === undefined || sourceInside(source).kind === kind));
}

/** Files of absolute paths keep them, whichever source takes them: outside of its paths, something else would be replaced. */
function refuseElsewhere(snapshot: Snapshot, taker: SourceConfig): void {
  const source = sourceInside(taker);
  if (source.kind !== 'files') return;
  const { paths } = source.options;
  if (![...paths, ...snapshot.paths].every((path) => isAbsolute(path))) return;
  if (snapshot.paths.some((path) => paths.some((own) => isWithin(path, own) || isWithin(own, path)))) return;
  const what = `the snapshot is of ${snapshot.paths.join(', ')}, which is not in source ${taker.name} (${paths.join(', ')})`;
  throw new SuretyError('usage.other-place', `${what}: files keep their absolute paths`, {
    hint: 'name a source that has these paths with --into, or restore to another folder with --target DIR',
  });
}

function isWithin(path: string, folder: string): boolean {
  const rest = relative(folder, path);
  return rest !== '..' && !rest.startsWith('../');
}

/** Kinds whose snapshots are the files themselves. Of any other kind, what is in a snapshot are dumps. */
function writesFiles(kind: string): boolean {
  return kind === 'files' || kind === 'sqlite';
}

/**
 * A source that only restores, for a snapshot whose source is not in the configuration, and for dumps that are to be files. It
 * has no original place.
 */
async function openWriter(snapshot: Snapshot, kind: string, name: string, directory: string): Promise<Source> {
  const head = { name, host: hostName() };
  const [path = '/'] = snapshot.paths;
  if (kind === 'sqlite') {
    const { openSqlite } = await import('../sources/sqlite/open.ts');
    const { sqliteOptions } = await import('../sources/sqlite/options.ts');
    return openSqlite({ ...head, baseDir: directory, options: sqliteOptions.parse({ path }) });
  }
  const { openFiles } = await import('../sources/files/open.ts');
  const { filesOptions } = await import('../sources/files/options.ts');
  return openFiles({ ...head, baseDir: directory, options: filesOptions({ paths: [writesFiles(kind) ? path : '/'] }) });
}

/** Restores the one file of a snapshot under another name: `target` is that file. */
function renamed(source: Source): Whole<Source> {
  return {
    traits: source.traits,
    read: (how) => source.read(how),
    locate: (entryPath) => source.locate(entryPath),
    restoreOutlook: source.restoreOutlook && ((how) => source.restoreOutlook!(how)),
    async write(restoring, how) {
      const { target } = how;
      if (target === undefined) return await source.write(restoring, how);
      if (how.conflict === 'refuse' && existsSync(target)) {
        throw new SuretyError('target.exists', `${target} exists`, { hint: 'name a new file' });
      }
      // The folder may hold other files: only the one that is named counts.
      const conflict = how.conflict === 'refuse' ? 'skip' : how.conflict;
      return await source.write(onlyFile(restoring, basename(target)), { ...how, conflict, target: dirname(target) });
    },
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}

function onlyFile(restoring: Restoring, name: string): Whole<Restoring> {
  return {
    facts: restoring.facts,
    async *entries() {
      for await (const batch of restoring.entries()) {
        const files = batch.filter((entry) => entry.type === 'file').map((entry) => ({ ...entry, path: name }));
        if (files.length > 0) yield files;
      }
    },
    place: (files, how) => restoring.place(files, how),
    stream: (entry, how) => restoring.stream(entry, how),
    [Symbol.asyncDispose]: () => restoring[Symbol.asyncDispose](),
  };
}
