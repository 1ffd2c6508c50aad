import nodePath from 'node:path';
import { systemClock } from '../../base/clock.ts';
import type { Source } from '../source.ts';
import type { DumpFolder, OpenDumpFiles } from './dump-folder.ts';
import { farView } from './far/view.ts';
import { localView } from './local-view.ts';
import { readDumpFiles } from './read.ts';

/**
 * Dumps that another system makes, as a source: the newest complete one, or all of them. They are files to Surety: a restore puts them
 * back and loads them into nothing.
 */
export function openDumpFiles(setup: OpenDumpFiles): Source {
  const { name, baseDir, options, files, reach } = setup;
  const isFar = !reach.traits.localFiles;
  const folder = isFar ? nodePath.posix.normalize(options.path) : nodePath.resolve(baseDir, options.path);
  const dumps: DumpFolder = {
    ...setup,
    folder,
    place: isFar ? `${reach.traits.host}:${folder}` : folder,
    shown: shownPath(options.path, folder),
    clock: setup.clock ?? systemClock,
    view: isFar ? farView(() => dumps) : localView(() => dumps),
  };
  const whole = files([options.path]);
  return {
    traits: { name, kind: 'dump-files' },
    read: (how) => readDumpFiles(dumps, how),
    write: (restoring, how) => whole.write(restoring, how),
    locate: (entryPath) => whole.locate(entryPath),
    [Symbol.asyncDispose]: () => whole[Symbol.asyncDispose](),
  };
}

/** A path that leaves the folder of the configuration file is stored whole, and so it is shown whole. */
function shownPath(path: string, folder: string): string {
  const normal = nodePath.normalize(path).replace(/(?<=.)\/+$/, '');
  return normal === '..' || normal.startsWith('../') ? folder : normal;
}
