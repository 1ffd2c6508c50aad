/** Hands out the content of files of a copy. */
import { createReadStream, existsSync } from 'node:fs';
import { type Meter, metered } from '../../../base/meter.ts';
import { systemPath } from '../../../base/names.ts';
import { TarReader } from '../../../base/tar/reader.ts';
import type { Reach } from '../../../reach/reach.ts';
import type { Content, RestoredEntry } from '../../../sources/source.ts';
import type { How } from '../../engine.ts';
import { ended, pathList, start } from './commands.ts';

/** Files of this machine. */
export async function* paths(folder: string, files: readonly RestoredEntry[]): AsyncGenerator<Content> {
  for (const { path } of files) yield { kind: 'path', path: `${folder}/${path}` };
}

/** The same, no faster than may be. */
export async function* slowFiles(
  folder: string,
  files: readonly RestoredEntry[],
  meter: Meter,
  { signal }: How,
): AsyncGenerator<Content> {
  for (const { path } of files) {
    const place = systemPath(`${folder}/${path}`);
    if (existsSync(place)) yield { kind: 'stream', chunks: metered(createReadStream(place), meter, signal) };
    else yield { kind: 'gone' };
  }
}

/** All in one stream, in order. What is not there any more is missing in it. */
export async function* streams(
  reach: Reach,
  folder: string,
  files: readonly RestoredEntry[],
  meter: Meter,
  how: How,
): AsyncGenerator<Content> {
  const argv = ['tar', '--create', '--no-recursion', '--null', '--files-from=-', '--file=-', '--format=posix'];
  const reading = {
    ...{ signal: how.signal, cwd: folder, doing: `read files in ${folder}`, fine: [0, 1, 2] },
    stdin: pathList(files.map(({ path }) => `./${path}`)),
  };
  const child = start(reach, [...argv, '--hard-dereference', '--ignore-failed-read'], reading);
  await using tar = new TarReader(child.stdout);
  let next = await tar.next();
  for (const { path } of files) {
    if (next === undefined || next.name.replace(/^\.\//, '') !== path) yield { kind: 'gone' };
    else {
      yield { kind: 'stream', chunks: metered(tar.content(), meter, how.signal) };
      next = await tar.next();
    }
  }
  await ended(child, argv, reading);
}
