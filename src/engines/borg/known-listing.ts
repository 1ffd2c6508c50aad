/** What was listed last, for as long as nothing can have changed it: each start of borg takes a third of a second. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import type { Listing } from '../engine.ts';
import type { BorgPlace } from './place.ts';

/** Of a repository on another host nobody is asked whether it changed: what it answered may have come so long ago. */
const FRESH_MS = 2000;

interface Where {
  readonly place: BorgPlace;
  readonly clock: Clock;
}

export interface ListedRepository {
  readonly id: string;
  readonly mode: string;
  readonly listing: Listing;
  /** Names of archives that are not finished. */
  readonly checkpoints: readonly string[];
  /** Of archives that Surety wrote: where in them their document is, by their ids. */
  readonly documents: ReadonlyMap<string, string>;
}

/** What to compare a listing with later. Taken before it is made, so that what changes meanwhile shows. */
export interface ListingMark {
  /** Undefined: on another host, or it can not be told. */
  readonly state: string | undefined;
  readonly atMs: number;
}

export async function markListing({ place, clock }: Where): Promise<ListingMark> {
  return { state: await stateOf(place), atMs: clock.elapsedMs() };
}

export class KnownListing {
  #known: { readonly listed: ListedRepository; readonly mark: ListingMark } | undefined;

  /** `mark` is that of before it was made. */
  keep(listed: ListedRepository, { state }: ListingMark, { clock }: Pick<Where, 'clock'>): void {
    this.#known = { listed, mark: { state, atMs: clock.elapsedMs() } };
  }

  /** To be called before something is changed. */
  forget(): void {
    this.#known = undefined;
  }

  /** Undefined: it is to be made anew. */
  async get(where: Where): Promise<ListedRepository | undefined> {
    if (this.#known === undefined) return undefined;
    const { listed, mark } = this.#known;
    const now = await markListing(where);
    const isSame = where.place.folder === undefined ? now.atMs - mark.atMs < FRESH_MS : isState(mark.state, now.state);
    return isSame ? listed : undefined;
  }
}

function isState(before: string | undefined, now: string | undefined): boolean {
  return before !== undefined && before === now;
}

/** With each change borg writes its index anew, under the number of the transaction. */
const CHANGING = /^(?:config|(?:index|hints|integrity)\.\d+)$/;

async function stateOf({ folder }: BorgPlace): Promise<string | undefined> {
  if (folder === undefined) return undefined;
  try {
    const names = (await readdir(folder)).filter((name) => CHANGING.test(name)).sort();
    const states = names.map(async (name) => {
      const { ino, size, mtimeNs } = await stat(join(folder, name), { bigint: true });
      return [name, ino, size, mtimeNs].join(' ');
    });
    return (await Promise.all(states)).join('\n');
  } catch {
    return undefined;
  }
}
