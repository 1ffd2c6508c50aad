import { join } from 'node:path';
import { realPlace } from '../../base/real-place.ts';
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
}

/** A SQLite database file on this machine. Nothing is read yet. */
export function openSqlite({ name, host, baseDir, options }: OpenSqlite): Source {
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
