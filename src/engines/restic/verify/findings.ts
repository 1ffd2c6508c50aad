/** What a verification has found, and which blobs can not be read because of it. */
import type { Problem } from '../../engine.ts';
import type { BlobTable } from '../blob-table.ts';

/** A problem before it is known what it affects. */
export type Finding = Omit<Problem, 'affects'>;

export class Findings {
  readonly notes: string[] = [];
  readonly #table: BlobTable;
  readonly #all: Finding[] = [];
  readonly #packs = new Map<number, Finding>();
  readonly #unreadablePacks = new Set<number>();
  readonly #entries = new Map<number, Finding>();

  constructor(table: BlobTable) {
    this.#table = table;
  }

  get all(): readonly Finding[] {
    return this.#all;
  }

  /** Numbers of the packs with which anything is wrong. */
  get badPacks(): ReadonlySet<number> {
    return new Set(this.#packs.keys());
  }

  /** Something outside of the packs. */
  add(finding: Finding): void {
    this.#all.push(finding);
  }

  /** Nothing in the pack can be read. */
  addMissingPack(pack: number, finding: Finding): void {
    if (this.#packs.has(pack)) return;
    this.#all.push(finding);
    this.#packs.set(pack, finding);
    this.#unreadablePacks.add(pack);
  }

  /** These entries of a pack can not be read. A pack has one problem: what is found later counts with what was found first. */
  addForPack(pack: number, entries: Iterable<number>, finding: Finding): void {
    const known = this.#packs.get(pack);
    if (known === undefined) {
      this.#all.push(finding);
      this.#packs.set(pack, finding);
    }
    for (const entry of entries) this.#entries.set(entry, known ?? finding);
  }

  /** The problem because of which an entry can not be read; undefined as long as none is known. */
  of(entry: number): Finding | undefined {
    const pack = this.#table.packOf(entry);
    return this.#entries.get(entry) ?? (this.#unreadablePacks.has(pack) ? this.#packs.get(pack) : undefined);
  }
}
