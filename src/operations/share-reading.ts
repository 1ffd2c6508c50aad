/** One reading for several repositories: what is expensive to read, or is stopped for it, is read once. */
import type { Whole } from '../base/whole.ts';
import type { Reading, SourceFacts, Warning } from '../sources/source.ts';
import { type Meeting, type Member, openMeeting } from './share-reading/meeting.ts';
import { shareContent } from './share-reading/share-content.ts';
import { shareEntries } from './share-reading/share-entries.ts';

/** What a source is told when it is read. */
export interface SharedHow {
  readonly signal: AbortSignal;
  readonly warn: (warning: Warning) => void;
  readonly alive: () => void;
  readonly previous: SourceFacts | undefined;
}

/** One who takes part. While it waits for the others its `alive` is called: they have time-outs of their own. */
export interface Taker extends Member {
  readonly warn: (warning: Warning) => void;
  /** What its repository remembers of the source, and from when. */
  readonly previous: { readonly facts: SourceFacts; readonly time: Date } | undefined;
}

/** The right to take part. To be disposed of in any case: the others wait for everybody who may still come. */
export interface Seat extends Disposable {
  /** The reading, once all who have a seat are here or have given it up. Disposing of it is taking part no more. */
  join(taker: Taker): Promise<Reading>;
}

/** How long those who are here wait for those who are not; who comes later reads for itself. */
const ASSEMBLY_MS = 60_000;

/**
 * Gives out `seats` for one reading that `open` begins. It goes at the pace of the slowest, and nothing is kept for those who are behind
 * but a few batches of entries. One who fails or is ended holds up nobody. The source is told the newest facts that any of them remembers.
 */
export function shareReading(
  seats: number,
  open: (how: SharedHow) => Promise<Reading>,
  assemblyMs = ASSEMBLY_MS,
): readonly Seat[] {
  let awaited = seats;
  const meeting = openMeeting<Taker>(() => awaited > 0);
  const ended = new AbortController();
  let opening: Promise<Shared> | undefined;
  let closing: Promise<void> | undefined;
  let isRead = false;
  let timer: NodeJS.Timeout | undefined;

  const arrive = () => {
    awaited -= 1;
    meeting.wake();
  };
  const waitNoMore = () => {
    awaited = 0;
    meeting.wake();
  };

  function begin(): Promise<Shared> {
    clearTimeout(timer);
    const all = [...meeting.members];
    const known = all.flatMap(({ previous }) => previous ?? []);
    const how: SharedHow = {
      signal: ended.signal,
      warn: (warning) => {
        for (const taker of all) if (meeting.members.has(taker)) taker.warn(warning);
      },
      alive: () => {
        for (const taker of all) taker.alive();
      },
      previous: known.toSorted((left, right) => left.time.getTime() - right.time.getTime()).at(-1)?.facts,
    };
    const begun = open(how).then((reading) => shared(reading, meeting, ended.signal, () => (isRead = true)));
    begun.catch(() => {});
    return begun;
  }

  /** With the last one the reading ends. */
  function leave(taker: Taker): void {
    if (!meeting.leave(taker) || meeting.members.size > 0) return;
    clearTimeout(timer);
    timer = undefined;
    // Nothing has begun: somebody may still come.
    if (opening === undefined) return;
    if (!isRead) ended.abort(new Error('nobody reads any more'));
    closing = opening.catch(() => undefined).then((last) => last?.close());
    closing.catch(() => {});
  }

  async function join(taker: Taker): Promise<Reading> {
    // The others have begun without it.
    if (opening !== undefined) return await open({ ...taker, previous: taker.previous?.facts });
    meeting.join(taker);
    // Whoever is ended may hang where nothing ends it: the others, and the source, do not wait for that.
    const onAbort = () => leave(taker);
    taker.signal.addEventListener('abort', onAbort, { once: true });
    const goAway = async () => {
      taker.signal.removeEventListener('abort', onAbort);
      leave(taker);
      await closing;
    };
    timer ??= setTimeout(waitNoMore, assemblyMs);
    arrive();
    try {
      await meeting.until(taker, () => awaited <= 0);
      opening ??= begin();
      const { reading, of } = await opening;
      taker.signal.throwIfAborted();
      const { host, paths, tree, askAhead } = reading;
      // Pieces are those of one repository: each has its own compared.
      const compare: Reading['compare'] = reading.compare && ((touched, own) => reading.compare!(touched, own));
      const xattrs: Reading['xattrs'] = (entries) => reading.xattrs(entries);
      const taken: Whole<Reading> = {
        ...{ host, paths, tree, askAhead, compare, xattrs },
        ...of(taker),
        [Symbol.asyncDispose]: goAway,
      };
      return taken;
    } catch (error) {
      await goAway();
      throw error;
    }
  }

  return Array.from({ length: seats }, () => openSeat(join, arrive));
}

function openSeat(join: Seat['join'], giveUp: () => void): Seat {
  let taken = false;
  return {
    join(taker) {
      taken = true;
      return join(taker);
    },
    [Symbol.dispose]() {
      if (!taken) giveUp();
      taken = true;
    },
  };
}

interface Shared {
  readonly reading: Reading;
  /** What each taker has of its own. */
  of(taker: Taker): Pick<Reading, 'entries' | 'content' | 'finish'>;
  close(): Promise<void>;
}

function shared(reading: Reading, meeting: Meeting<Taker>, signal: AbortSignal, onRead: () => void): Shared {
  const entries = shareEntries(reading, meeting);
  const content = shareContent(reading, meeting, entries.numberOf, signal);
  const finished = new Set<Taker>();
  let facts: Promise<SourceFacts> | undefined;

  async function finish(taker: Taker): Promise<SourceFacts> {
    content.done(taker);
    finished.add(taker);
    meeting.wake();
    await meeting.until(taker, () => [...meeting.members].every((member) => finished.has(member)));
    facts ??= content.close().then(() => reading.finish());
    const result = await facts;
    onRead();
    return result;
  }

  return {
    reading,
    of: (taker) => ({
      entries: () => entries.of(taker),
      content: (asked) => content.of(taker, asked),
      finish: () => finish(taker),
    }),
    async close() {
      await content.close();
      await reading[Symbol.asyncDispose]();
    },
  };
}
