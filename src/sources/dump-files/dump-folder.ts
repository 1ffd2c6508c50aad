import type { Clock } from '../../base/clock.ts';
import type { Reach } from '../../reach/reach.ts';
import type { ReadHow, Source } from '../source.ts';
import type { Candidate } from './candidate.ts';
import type { Completeness } from './completeness.ts';
import type { DumpFilesOptions } from './options.ts';

export interface OpenDumpFiles {
  /** The source's name in the configuration. */
  readonly name: string;
  /** The folder that a relative path is relative to. */
  readonly baseDir: string;
  readonly options: DumpFilesOptions;
  /** The way to the host of the folder. */
  readonly reach: Reach;
  /** Reads and writes files of that host. Everything in them is taken; paths are absolute or relative to `baseDir`. */
  readonly files: (paths: readonly string[]) => Source;
  readonly clock?: Clock;
}

/** A folder of dumps with its defaults filled in. */
export interface DumpFolder extends OpenDumpFiles {
  /** Absolute path of the folder; of another host as configured. */
  readonly folder: string;
  /** The same for errors, with its host. */
  readonly place: string;
  /** The folder as a person knows it. */
  readonly shown: string;
  readonly clock: Clock;
  readonly view: FolderView;
}

/** The folder, as it is looked at on its host. */
export interface FolderView {
  /** In the order in which they are looked at. Throws `source.missing` or `source.unreadable`. */
  find(signal: AbortSignal): Promise<Candidate[]>;
  /** The time by that host's clock; called after `find`. */
  now(): Date;
  /** Why it may still be written, as in `the file …`; undefined when nothing speaks for that. */
  beingWritten(candidate: Candidate, signal: AbortSignal): Promise<string | undefined>;
  completeness(candidate: Candidate, how: Pick<ReadHow, 'signal' | 'alive'>): Promise<Completeness>;
  /** Whether the file is what it was when it was found. */
  isSame(candidate: Candidate, signal: AbortSignal): Promise<boolean>;
}
