/** Lets a source take back a dump that something else made of its database. */
import { SuretyError } from '../base/errors.ts';
import { displayName } from '../base/names.ts';
import type { Whole } from '../base/whole.ts';
import { type SourceConfig, sourceInside } from '../config/config.ts';
import type { Restoring, Source } from '../sources/source.ts';

/** Endings by which the sources know what a dump is written in. */
const ENDING = /\.(sql|dump)$/;

/**
 * The source for snapshots of which nobody recorded what they are, such as backups that another program left: the one file in them is
 * taken for a dump of the one database of the source. Undefined for sources that are no databases in a server.
 */
export async function takingForeignDumps(source: Source, configured: SourceConfig): Promise<Source | undefined> {
  const config = sourceInside(configured);
  if (config.kind !== 'postgres' && config.kind !== 'mysql') return undefined;
  const [database, ...others] = ownDatabases(config) ?? [];
  if (database === undefined || others.length > 0) throw severalDatabases(config.name);
  const { entryNameOf } =
    config.kind === 'postgres'
      ? await import('../sources/postgres/entry-names.ts').then(({ entryNameOf: name }) => ({
          entryNameOf: (ending: string) => name(database, ending === 'dump' ? 'custom' : 'plain'),
        }))
      : await import('../sources/mysql/entry-name.ts').then(({ entryNameOf: name }) => ({
          entryNameOf: () => name(database),
        }));
  const inside: Whole<Source> = {
    traits: source.traits,
    read: (how) => source.read(how),
    locate: (entryPath) => source.locate(entryPath),
    restoreOutlook: source.restoreOutlook && ((how) => source.restoreOutlook!(how)),
    write: (restoring, how) => source.write(onlyDump(restoring, entryNameOf), how),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
  return inside;
}

/** The source for snapshots of another one: only its own databases are replaced. */
export function intoOwn(source: Source, configured: SourceConfig): Whole<Source> {
  const config = sourceInside(configured);
  const own = config.kind === 'postgres' || config.kind === 'mysql' ? ownDatabases(config) : undefined;
  return {
    traits: source.traits,
    read: (how) => source.read(how),
    locate: (entryPath) => source.locate(entryPath),
    restoreOutlook: source.restoreOutlook && ((how) => source.restoreOutlook!(how)),
    write: (restoring, how) => {
      const server = how.server ?? { inPlace: false, dropOld: false };
      return source.write(restoring, own === undefined ? how : { ...how, server: { ...server, own } });
    },
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}

/** Undefined: all of its server. */
function ownDatabases({
  options,
}: Extract<SourceConfig, { kind: 'postgres' | 'mysql' }>): readonly string[] | undefined {
  const { database, databases } = options;
  if (database !== undefined) return [database];
  return databases === 'all' ? undefined : databases;
}

function onlyDump(restoring: Restoring, entryNameOf: (ending: string) => string): Whole<Restoring> {
  return {
    facts: restoring.facts,
    async *entries() {
      for await (const batch of restoring.entries()) {
        yield batch.flatMap((entry) => {
          if (entry.type === 'dir') return [];
          const ending = ENDING.exec(entry.path)?.[1];
          if (ending === undefined || entry.type !== 'file') throw noDump(entry.path);
          return [{ ...entry, path: entryNameOf(ending) }];
        });
      }
    },
    place: (files, how) => restoring.place(files, how),
    stream: (entry, how) => restoring.stream(entry, how),
    [Symbol.asyncDispose]: () => restoring[Symbol.asyncDispose](),
  };
}

function severalDatabases(source: string): SuretyError {
  return new SuretyError('usage.into-one-database', `source ${source} has several databases, and the dump is of one`, {
    hint: 'name a source of one database with --into',
  });
}

function noDump(path: string): SuretyError {
  return new SuretyError('target.failed', `${displayName(path)} is no dump of a database`, {
    hint: 'a dump ends with .sql or .dump; restore it with --target DIR and look at it',
  });
}
