/** Hands the same batches of entries to several takers. */
import type { Entry, Reading } from '../../sources/source.ts';
import type { Meeting, Member } from './meeting.ts';

/** How many batches one may be ahead of the slowest, as long as that one is at work. */
const AHEAD = 16;

export interface SharedEntries<One extends Member> {
  of(taker: One): AsyncIterable<readonly Entry[]>;
  /** The number of an entry that was handed out; entries that come later have higher ones. */
  numberOf(entry: Entry): number;
}

export function shareEntries<One extends Member>(reading: Reading, meeting: Meeting<One>): SharedEntries<One> {
  const numbers = new WeakMap<Entry, number>();
  /** Batches that not everybody has taken; so many came before them. */
  const held: (readonly Entry[])[] = [];
  let dropped = 0;
  const taken = new Map<One, number>();
  let counted = 0;
  let source: AsyncIterator<readonly Entry[]> | undefined;
  let pulling = false;
  let end: { readonly error?: unknown } | undefined;

  const slowest = () => Math.min(...[...meeting.members].map((member) => taken.get(member) ?? 0));

  async function pull(): Promise<void> {
    pulling = true;
    try {
      source ??= reading.entries()[Symbol.asyncIterator]();
      const next = await source.next();
      if (next.done === true) end = {};
      else {
        for (const entry of next.value) numbers.set(entry, counted++);
        held.push(next.value);
      }
    } catch (error) {
      end = { error };
    }
    pulling = false;
    meeting.advance();
  }

  async function* batches(taker: One): AsyncGenerator<readonly Entry[]> {
    for (let at = 0; ; at++) {
      taker.signal.throwIfAborted();
      taken.set(taker, at);
      for (const least = slowest(); dropped < least && held.length > 0; dropped++) held.shift();
      meeting.wake();
      const isThere = () => at < dropped + held.length;
      // Who is ahead waits for the slowest, unless that one waits too: then it may be for this one.
      const mayPull = () => !pulling && (at - slowest() < AHEAD || meeting.othersWait(taker));
      while (!isThere() && end === undefined) {
        // Not waited for by itself: whoever is ended leaves at once, however long the source takes.
        const what = mayPull() ? 'source' : 'others';
        if (what === 'source') void pull();
        await meeting.until(taker, () => isThere() || end !== undefined || mayPull(), what);
      }
      if (isThere()) yield held[at - dropped]!;
      else if (end !== undefined && 'error' in end) throw end.error;
      else return;
    }
  }

  return {
    of: batches,
    numberOf(entry) {
      const number = numbers.get(entry);
      if (number === undefined) throw new Error(`${entry.path} is not an entry of this reading`);
      return number;
    },
  };
}
