import { realPlace } from '../../base/real-place.ts';
import type { Source } from '../source.ts';
import type { ForeignFile } from './elsewhere.ts';
import type { FilesOptions } from './options.ts';
import { readFiles } from './read.ts';
import { parseRoots } from './roots.ts';
import { writeFiles } from './write.ts';

export interface FilesSetup {
  /** Name of the source in the configuration. */
  readonly name: string;
  /** Name of the host the files are on, as snapshots show it. */
  readonly host: string;
  readonly options: FilesOptions;
  /** The folder that relative paths are relative to. */
  readonly baseDir: string;
  /** What other sources protect on this host: left out here. */
  readonly foreign?: readonly ForeignFile[];
}

/**
 * Folders and files of this machine as a source. A configured path that is a symbolic link is followed; links below
 * are stored as links. Throws `source.failed` for paths that contradict each other.
 */
export function openFiles({ name, host, options, baseDir, foreign = [] }: FilesSetup): Source {
  const roots = parseRoots(name, options.paths, baseDir);
  return {
    traits: { name, kind: 'files' },
    read: async (how) => readFiles({ name, host, options, roots, baseDir, foreign }, how),
    write: (restoring, how) => writeFiles(name, roots, restoring, how),
    locate: (entryPath) => {
      const path = roots.locate(entryPath);
      return path === undefined ? undefined : realPlace(path);
    },
    [Symbol.asyncDispose]: async () => {},
  };
}
