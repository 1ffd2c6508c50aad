/** Keeps the entries of the snapshot that was last looked into: it does not change, and to ask borg for them takes a while. */
import type { SnapshotFacts } from '../engine.ts';
import type { LineSpool } from '../line-spool.ts';
import type { HeldEntry } from './held-entry.ts';

export interface HeldSnapshot {
  readonly id: string;
  /** Undefined: Surety did not write it. */
  readonly facts: SnapshotFacts | undefined;
  readonly entries: LineSpool<HeldEntry>;
  /** How many names files have that have several, by their inodes. */
  readonly names: ReadonlyMap<number, number>;
}

interface Kept {
  readonly held: HeldSnapshot;
  uses: number;
}

export class LookedInto implements AsyncDisposable {
  #last: Kept | undefined;

  /** What is kept of the snapshot, or what `load` gives. It stays until it is disposed of. */
  async use(id: string, load: () => Promise<HeldSnapshot>): Promise<HeldSnapshot & AsyncDisposable> {
    if (this.#last?.held.id !== id) {
      const held = await load();
      const former = this.#last;
      this.#last = { held, uses: 0 };
      if (former?.uses === 0) await former.held.entries[Symbol.asyncDispose]();
    }
    const kept = this.#last;
    kept.uses += 1;
    return {
      ...kept.held,
      [Symbol.asyncDispose]: async () => {
        kept.uses -= 1;
        if (kept.uses === 0 && kept !== this.#last) await kept.held.entries[Symbol.asyncDispose]();
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const last = this.#last;
    this.#last = undefined;
    if (last?.uses === 0) await last.held.entries[Symbol.asyncDispose]();
  }
}
