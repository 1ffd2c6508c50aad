import { type BlobTable, TREE } from '../blob-table.ts';
import { ID_BYTES, idText } from '../format/id.ts';
import type { Repository } from '../repository.ts';
import { BlobSaver } from './blob-saver.ts';
import type { PackFlow } from './pack-flow.ts';

/** Trees that wait to be packed may take so much memory. */
const WAITING_BYTES = 32 * 1024 * 1024;

/** Saves trees, in the main thread: they are few and compress well. */
export class TreeStore {
  readonly #saver: BlobSaver;
  readonly #flow: PackFlow;
  /** Saving is one at a time, in the order of the calls. */
  #last: Promise<unknown> = Promise.resolve();
  #waitingBytes = 0;

  constructor(repository: Repository, table: BlobTable, flow: PackFlow) {
    this.#flow = flow;
    this.#saver = new BlobSaver({
      table,
      sealer: repository.sealer,
      level: repository.config.version < 2 ? undefined : repository.level,
      type: TREE,
      targetBytes: repository.packSizeBytes,
      takeBuffer: () => flow.takeBuffer(),
      onPack: (pack) => flow.send(pack),
    });
  }

  /** Saves a tree unless it is known; resolves to its id as hex digits. */
  save(tree: Uint8Array): Promise<string> {
    this.#waitingBytes += tree.length;
    const saved = this.#last.then(async () => {
      try {
        const id = new Uint8Array(ID_BYTES);
        await this.#saver.save(tree, id);
        return idText(id);
      } finally {
        this.#waitingBytes -= tree.length;
      }
    });
    this.#last = saved.catch(() => {});
    return saved;
  }

  /** To be awaited before more trees come: a source that has little but directories is read no faster than its trees are stored. */
  ready(): undefined | Promise<unknown> {
    return this.#waitingBytes > WAITING_BYTES ? this.#last : undefined;
  }

  /** Stores what is packed so far, and waits for all packs that are on their way. */
  async flush(): Promise<void> {
    await this.#last;
    this.#saver.flush();
    await this.#flow.settled();
  }
}
