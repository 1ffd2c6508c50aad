/**
 * Copies in a folder, of this machine or of a host: trees of plain files. A new copy is made beside the old one, in which what did not
 * change is another name of the same file, and takes its place by renaming.
 */
import { statSync } from 'node:fs';
import { systemClock } from '../../../base/clock.ts';
import { randomHex } from '../../../base/ids.ts';
import { openMeter } from '../../../base/meter.ts';
import type { Reach } from '../../../reach/reach.ts';
import type { Reading } from '../../../sources/source.ts';
import type { How } from '../../engine.ts';
import type { MirrorPlace, Prepared, Update } from '../place.ts';
import { command, ended, measureFiles, start } from './commands.ts';
import { type Filled, fill } from './fill.ts';
import { keepIn } from './keep.ts';
import { paths, slowFiles, streams } from './read.ts';
import type { FolderSetup } from './setup.ts';
import { duplicateTree, removeTree } from './trees.ts';

const NEW = '.new-';
const OLD = '.old-';
const LEFT = '.old-00000000';

export function openFolder(setup: FolderSetup): MirrorPlace {
  const { root, reach } = setup;
  const at = (copy: string): string => `${root}/${copy}`;
  const there = async (argv: readonly string[], doing: string, how: How) =>
    await command(reach, argv, { signal: how.signal, doing });
  const exists = async (path: string, how: How): Promise<boolean> => {
    const argv = ['test', '-d', path];
    const child = start(reach, argv, { signal: how.signal, doing: `look for ${path}` });
    return (await ended(child, argv, { signal: how.signal, doing: `look for ${path}`, fine: [0, 1] })).code === 0;
  };

  async function xattrsIn(folder: string): Promise<Reading['xattrs']> {
    const source = await setup.filesIn(folder);
    const reading = await source.read({ signal: NEVER, warn: () => {} });
    return (entries) => reading.xattrs(entries);
  }

  const place: MirrorPlace = {
    sharesContent: true,
    identity() {
      if (!reach.traits.localFiles) return undefined;
      const stats = statSync(root, { bigint: true, throwIfNoEntry: false });
      return stats && { device: stats.dev, inode: stats.ino };
    },
    async update(update, how) {
      const { copy } = update;
      const mark = randomHex(4);
      const made = `${copy}${NEW}${mark}`;
      await there(['mkdir', '-p', '--', at(made)], `make folder ${at(made)}`, how);
      const discard = () => removeTree(reach, at(made), { signal: NEVER });
      try {
        const base = update.base !== undefined && (await exists(at(update.base.copy), how)) ? update.base : undefined;
        const filled = await fill({ ...update, base }, made, setup, how);
        const result = prepared({ ...update, mark }, filled, { reach, at, there, exists, discard });
        return filled.areXattrsThere === true ? { ...result, xattrs: await xattrsIn(at(made)) } : result;
      } catch (error) {
        await discard().catch(() => {});
        throw error;
      }
    },
    async duplicate(from, to, mark, _files, how) {
      const [made, old] = [`${to}${NEW}${mark}`, `${to}${OLD}${mark}`];
      await duplicateTree(reach, at(from), at(made), how);
      const isReplaced = await exists(at(to), how);
      if (isReplaced) await there(['mv', '-T', '--', at(to), at(old)], `rename ${at(to)}`, how);
      await there(['mv', '-T', '--', at(made), at(to)], `rename ${at(made)}`, how);
      return { clean: async (cleaning) => void (isReplaced && (await removeTree(reach, at(old), cleaning))) };
    },
    contents(copy, files, how) {
      if (reach.traits.localFiles && setup.download() === undefined) return paths(at(copy), files);
      const meter = openMeter(setup.download, systemClock);
      return reach.traits.localFiles
        ? slowFiles(at(copy), files, meter, how)
        : streams(reach, at(copy), files, meter, how);
    },
    async *measure(copy, files, how) {
      if (await exists(at(copy), how)) yield* measureFiles(reach, at(copy), files, how);
      else for (const _ of files) yield undefined;
    },
    async remove(copy, how) {
      await removeTree(reach, at(copy), how);
    },
    async leftovers(how) {
      const find = [
        'find',
        // The mirror, and the folder of a source in it, may be links to other disks.
        '-L',
        root,
        '-mindepth',
        '2',
        '-maxdepth',
        '2',
        '-name',
        '*.*-*',
        '-type',
        'd',
        '-printf',
        '%P\\n',
      ];
      const said = Buffer.from(await there(find, `look into ${root}`, how)).toString('utf8');
      // A source may have such a name as well: what counts is the name of the copy.
      return said.split('\n').filter((name) => /^[^/]+\/[^/.]+\.(new|old)-[0-9a-f]{8}$/.test(name));
    },
    async recover(source, marks, how) {
      const own = (await place.leftovers(how)).filter((name) => name.startsWith(`${source}/`));
      for (const name of own.filter((one) => one.slice(-LEFT.length).startsWith(OLD))) {
        const [copy, mark] = [name.slice(0, -LEFT.length), name.slice(OLD.length - LEFT.length)];
        // The record tells which of the two it speaks of: what it does not is removed. Where it can not be read, nothing tells.
        const isUnknown = marks.has(copy) && marks.get(copy) === undefined;
        const isRecorded = (isUnknown || marks.get(copy) === mark) && (await exists(at(copy), how));
        if (isRecorded) await place.remove(name, how);
        else {
          await place.remove(copy, how);
          await there(['mv', '-T', '--', at(name), at(copy)], `rename ${at(name)}`, how);
        }
      }
      for (const name of own.filter((one) => one.slice(-LEFT.length).startsWith(NEW))) await place.remove(name, how);
    },
    async standing(copy, mark, how) {
      const old = (await place.leftovers(how)).find((name) => name.startsWith(`${copy}${OLD}`));
      return old === undefined || (old.endsWith(`${OLD}${mark}`) && (await exists(at(copy), how))) ? copy : old;
    },
    async [Symbol.asyncDispose]() {},
  };
  return place;
}

const NEVER = new AbortController().signal;

interface Doing {
  readonly reach: Reach;
  at(copy: string): string;
  there(argv: readonly string[], doing: string, how: How): Promise<unknown>;
  exists(path: string, how: How): Promise<boolean>;
  discard(): Promise<void>;
}

function prepared({ copy, mark, entries }: Update & { readonly mark: string }, filled: Filled, doing: Doing): Prepared {
  const { reach, at, there, exists, discard } = doing;
  const [made, old] = [`${copy}${NEW}${mark}`, `${copy}${OLD}${mark}`];
  const rename = (from: string, to: string, how: How) =>
    there(['mv', '-T', '--', at(from), at(to)], `rename ${at(from)}`, how);
  let isReplaced = false;
  return {
    ...{ ...filled, mark },
    keep: (from, tops, _all, how) => keepIn(reach, { from: at(from), to: at(made) }, tops, entries, how),
    async commit() {
      const how = { signal: NEVER };
      // What was written last is on the disk before the copy that is there loses its name.
      await there(['sync', '-f', at(made)], `write ${at(made)} to disk`, how);
      isReplaced = await exists(at(copy), how);
      if (isReplaced) await rename(copy, old, how);
      try {
        await rename(made, copy, how);
      } catch (error) {
        if (isReplaced) await rename(old, copy, how);
        throw error;
      }
    },
    async clean() {
      if (isReplaced) await removeTree(reach, at(old), { signal: NEVER });
    },
    discard,
  };
}
