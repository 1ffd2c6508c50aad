import nodePath from 'node:path';
import { SuretyError } from '../../../base/errors.ts';
import type { Reach } from '../../../reach/reach.ts';
import type { ReadHow, Reading, Source } from '../../source.ts';
import type { ForeignFile } from '../elsewhere.ts';
import type { FilesOptions } from '../options.ts';
import { parseRoots } from '../roots.ts';
import { writeFiles } from '../write.ts';
import { FarReading } from './far-reading.ts';
import { writeFar } from './far-write.ts';
import { list } from './listing.ts';
import { pruneTests } from './prune.ts';
import { farPaths, startsOf, UNKNOWN_FOLDER } from './starts.ts';
import { tarDialect } from './tar-dialect.ts';

export interface FarFilesSetup {
  /** Name of the source in the configuration. */
  readonly name: string;
  readonly reach: Reach;
  readonly options: FilesOptions;
  /** The folder in which commands begin; default: the one that the host chooses. */
  readonly folder?: string | undefined;
  /** What other sources protect on this host: left out here. Relative paths are relative to the folder in which commands begin there. */
  readonly foreign?: readonly ForeignFile[];
}

/**
 * Folders and files of another host as a source. Nothing is installed there: it is listed with `find` and read with `tar`. Throws
 * `source.failed` for paths that contradict each other or mean nothing there.
 */
export function openFarFiles(setup: FarFilesSetup): Source {
  const { name, reach } = setup;
  const paths = farPaths(name, reach.traits.kind, setup.options.paths);
  const options = { ...setup.options, paths };
  const roots = parseRoots(name, paths, UNKNOWN_FOLDER);
  return {
    traits: { name, kind: 'files' },
    read: (how) => readFar({ ...setup, options }, how),
    // A target is a folder of this machine.
    write: (restoring, how) =>
      how.target === undefined
        ? writeFar({ name, reach, folder: setup.folder, options, roots }, restoring, how)
        : writeFiles(name, roots, restoring, how),
    // What is on another host has no place here.
    locate: () => undefined,
    [Symbol.asyncDispose]: async () => {},
  };
}

/** Resolves once it is known what the roots are; the listing is still on its way. */
async function readFar(setup: FarFilesSetup, how: ReadHow): Promise<Reading> {
  const { name, reach, folder, options, foreign = [] } = setup;
  const starts = startsOf(parseRoots(name, options.paths, UNKNOWN_FOLDER));
  // What is protected elsewhere must be seen, to tell it from what is gone.
  const prune = foreign.length === 0 ? pruneTests(options.exclude) : [];
  const ended = new AbortController();
  const signal = AbortSignal.any([how.signal, ended.signal]);
  const who = await identityOf(reach, signal);
  const listing = list({ source: name, reach, folder, starts, options, prune, signal, alive: how.alive });
  try {
    const parser = await listing.begun;
    const { head } = parser;
    const roots = parseRoots(name, options.paths, head.folder);
    const dialect = tarDialect(head);
    if (dialect === undefined) throw noTar(setup);
    const elsewhere = new Set(
      foreign.flatMap(({ path, companions }) =>
        ['', ...companions].map((suffix) => nodePath.posix.resolve(head.folder, path) + suffix),
      ),
    );
    const { host } = reach.traits;
    return new FarReading({
      name,
      host,
      reach,
      who,
      folder,
      options,
      prune,
      roots,
      starts,
      elsewhere,
      listing,
      parser,
      dialect,
      how,
      ended,
    });
  } catch (error) {
    ended.abort(error);
    throw error;
  }
}

/** Who answers, where that may become another; else undefined. */
async function identityOf(reach: Reach, signal: AbortSignal): Promise<string | undefined> {
  return reach.traits.replaceable === true ? (await reach.identity?.({ signal }))?.key : undefined;
}

function noTar({ name, reach }: FarFilesSetup): SuretyError {
  return new SuretyError(
    'source.tool-missing',
    `files of source ${name} can not be read from host ${reach.traits.host}: there is no tar`,
    { hint: 'install tar there' },
  );
}
