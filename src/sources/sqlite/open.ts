import { join } from 'node:path';
import { realPlace } from '../../base/real-place.ts';
import type { Reach } from '../../reach/reach.ts';
import type { Source } from '../source.ts';
import type { SqliteOptions } from './options.ts';
import { COMPANIONS, parsePlace } from './place.ts';
import { readDatabase } from './read.ts';
import { writeDatabase } from './write.ts';

export interface OpenSqlite {
  /** The source's name in the configuration. */
  readonly name: string;
  /** Name of the host as snapshots show it. */
  readonly host: string;
  /** The folder that a relative path is relative to. */
  readonly baseDir: string;
  readonly options: SqliteOptions;
  /** The way to its host. Default: this machine. */
  readonly reach?: Reach;
}

/** A SQLite database file. Nothing is read yet. */
export function openSqlite(setup: OpenSqlite): Source {
  const { name, host, baseDir, options, reach } = setup;
  if (reach?.traits.localFiles === false) return openFarSqlite(setup, reach);
  const place = parsePlace(options.path, baseDir);
  const about = { source: name, path: place.shown };
  return {
    traits: { name, kind: 'sqlite', companions: COMPANIONS },
    read: (how) => readDatabase({ about, host, place, options }, how),
    write: (restoring, how) => writeDatabase(name, place, restoring, how),
    locate: (entryPath) => realPlace(join(place.base, entryPath)),
    async [Symbol.asyncDispose]() {},
  };
}

/** On its host, with the programs that are there. With a target, its snapshots become files of this machine. */
function openFarSqlite({ name, baseDir, options }: OpenSqlite, reach: Reach): Source {
  const database = { source: name, reach, options };
  return {
    traits: { name, kind: 'sqlite', companions: COMPANIONS },
    async read(how) {
      const { readFar } = await import('./far/read.ts');
      return await readFar(database, how);
    },
    async write(restoring, how) {
      if (how.target !== undefined) return await writeDatabase(name, parsePlace(options.path, baseDir), restoring, how);
      const { writeFar } = await import('./far/write.ts');
      return await writeFar(database, restoring, how);
    },
    // Its place is none of this machine.
    locate: () => undefined,
    async [Symbol.asyncDispose]() {},
  };
}
