import nodePath from 'node:path';
import { homeFolder } from '../../base/environment.ts';

/** Endings of the files that SQLite keeps beside a database. */
export const COMPANIONS = ['-wal', '-shm', '-journal'] as const;

/** Where the database is, for people, on this host and in a snapshot. */
export interface Place {
  /** As a person knows it: absolute, or relative to the configuration file. */
  readonly shown: string;
  /** Absolute. */
  readonly path: string;
  /** Its place in a snapshot: names joined by '/'. */
  readonly entryPath: string;
  /** Where entry paths begin on this host: '/' or the folder of the configuration file. */
  readonly base: string;
}

/** A path that leaves the folder of the configuration file can not be stored relative to it: it is stored whole. */
export function parsePlace(path: string, baseDir: string): Place {
  const home = path === '~' || path.startsWith('~/') ? homeFolder() + path.slice(1) : path;
  const normal = nodePath.normalize(home);
  const outside = normal === '..' || normal.startsWith('../');
  const whole = outside ? nodePath.resolve(baseDir, normal) : normal;
  if (nodePath.isAbsolute(whole)) return { shown: whole, path: whole, entryPath: whole.slice(1), base: '/' };
  return { shown: whole, path: nodePath.resolve(baseDir, whole), entryPath: whole, base: nodePath.resolve(baseDir) };
}
