import type { Clock } from '../../base/clock.ts';
import type { Reach } from '../../reach/reach.ts';
import type { Source } from '../source.ts';
import type { DumpFilesOptions } from './options.ts';

export interface OpenDumpFiles {
  /** The source's name in the configuration. */
  readonly name: string;
  /** The folder that a relative path is relative to. */
  readonly baseDir: string;
  readonly options: DumpFilesOptions;
  /** Runs programs that unpack, on this machine. */
  readonly reach: Reach;
  /** Reads and writes files of this machine. Everything in them is taken; paths are absolute or relative to `baseDir`. */
  readonly files: (paths: readonly string[]) => Source;
  readonly clock?: Clock;
}

/** A folder of dumps with its defaults filled in. */
export interface DumpFolder extends OpenDumpFiles {
  /** Absolute path of the folder. */
  readonly folder: string;
  /** The folder as a person knows it. */
  readonly shown: string;
  readonly clock: Clock;
}
