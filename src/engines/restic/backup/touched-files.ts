import type { ContentPiece, Entry, Reading } from '../../../sources/source.ts';
import type { BackupHow } from '../../engine.ts';
import { type BlobTable, DATA } from '../blob-table.ts';
import type { Node } from '../format/node.ts';
import { SEAL_OVERHEAD } from '../seal.ts';
import type { OpenFile } from './file-reader.ts';
import type { Tally } from './tally.ts';

export interface TouchedFilesOptions {
  readonly reading: Reading;
  readonly table: BlobTable;
  readonly tally: Tally;
  readonly how: BackupHow;
}

interface Touched {
  readonly file: OpenFile;
  readonly content: readonly string[];
  readonly pieces: readonly ContentPiece[];
}

/** About a hundred bytes of memory each, and of contents about a mebibyte. */
const WAITING_PIECES = 100_000;

/** Files that are as long as in the parent snapshot but not plainly what they were: where the source can, it compares them before they are read. */
export class TouchedFiles {
  readonly #options: TouchedFilesOptions;
  #waiting: Touched[] = [];
  #waitingPieces = 0;

  constructor(options: TouchedFilesOptions) {
    this.#options = options;
  }

  /** Takes a file, with its node in the parent snapshot, if it can be compared. */
  add(file: OpenFile, { type, sizeBytes, content }: Node): void {
    const { reading, table, how } = this.#options;
    if (reading.compare === undefined || how.force === true) return;
    if (type !== 'file' || sizeBytes !== file.entry.sizeBytes) return;
    const pieces = piecesOf(content, table);
    const wholeBytes = pieces?.reduce((sum, piece) => sum + piece.sizeBytes, 0);
    if (pieces === undefined || wholeBytes !== sizeBytes) return;
    this.#waiting.push({ file, content, pieces });
    this.#waitingPieces += pieces.length;
  }

  /** As much waits as is to be kept in memory. */
  isFull(): boolean {
    return this.#waitingPieces >= WAITING_PIECES;
  }

  /** Has all that were taken compared, and completes those with the content they had. Returns their entries: nothing of them is to be read. */
  async complete(): Promise<ReadonlySet<Entry>> {
    const { reading, tally, how } = this.#options;
    const touched = this.#waiting;
    this.#waiting = [];
    this.#waitingPieces = 0;
    const equal = new Set<Entry>();
    if (touched.length === 0 || reading.compare === undefined) return equal;
    const asked = touched.map(({ file: { entry }, pieces }) => ({ entry, pieces }));
    const found = await reading.compare(asked, { signal: how.signal });
    for (const [at, { file, content }] of touched.entries()) {
      const xattrs = found[at];
      if (xattrs === undefined) continue;
      file.slot.write(file.entry, { xattrs, content });
      tally.fileUnmodified(file.entry);
      equal.add(file.entry);
    }
    return equal;
  }
}

/** A blob is named by the hash of what is in it. Undefined where one is not stored: then the content is needed. */
function piecesOf(content: readonly string[], table: BlobTable): readonly ContentPiece[] | undefined {
  const pieces: ContentPiece[] = [];
  for (const sha256 of content) {
    const at = table.findText(sha256, DATA);
    if (at < 0 || !table.isStored(at)) return undefined;
    const { length, rawLength } = table.location(at);
    const sizeBytes = rawLength === 0 ? length - SEAL_OVERHEAD : rawLength;
    if (sizeBytes < 1) return undefined;
    pieces.push({ sha256, sizeBytes });
  }
  return pieces;
}
