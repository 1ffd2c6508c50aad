import type { Reach } from '../../../reach/reach.ts';
import type { Source } from '../../../sources/source.ts';

export interface FolderSetup {
  /** Absolute path of the folder where it is. */
  readonly root: string;
  /** The way to the folder. */
  readonly reach: Reach;
  /** This machine. */
  readonly local: Reach;
  /** A source of the files in a folder of this machine, which writes there. */
  readonly filesIn: (folder: string) => Promise<Source>;
  /** What the way to it is limited to at this moment, bytes a second. */
  readonly upload: () => number | undefined;
  readonly download: () => number | undefined;
}
