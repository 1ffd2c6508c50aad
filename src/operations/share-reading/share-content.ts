/** Hands the content of entries to all who ask for it, each content once from the source. */
import type { Content, Entry, Reading } from '../../sources/source.ts';
import { openRun, type Run } from './content-run.ts';
import type { Meeting, Member } from './meeting.ts';
import { type SharedStream, shareStream } from './share-stream.ts';

export interface SharedContent<One extends Member> {
  of(taker: One, entries: readonly Entry[]): AsyncIterable<Content>;
  /** The taker asks for nothing more. */
  done(taker: One): void;
  /** Lets go of what was asked for last. */
  close(): Promise<void>;
}

interface Fetched<One extends Member> {
  readonly number: number;
  readonly content: Promise<Content>;
  /** What everybody gets of a stream. */
  stream?: SharedStream<One>;
}

/**
 * Takers ask in the order of the entries, though not all for the same: one whose repository has a file already passes it over. What is
 * asked for is fetched when everybody has asked for it or for something that comes later; what everybody is known to ask for or to pass
 * over is fetched in one request, since each costs a source on another host some time.
 */
export function shareContent<One extends Member>(
  reading: Reading,
  meeting: Meeting<One>,
  numberOf: (entry: Entry) => number,
  signal: AbortSignal,
): SharedContent<One> {
  /** Number of the entry that each asked for last. */
  const positions = new Map<One, number>();
  /** What each is in the middle of asking for, by numbers. */
  const requests = new Map<One, ReadonlyMap<number, Entry>>();
  let current: Fetched<One> | undefined;
  let run: Run | undefined;

  const positionOf = (taker: One) => positions.get(taker) ?? -1;
  const allAt = (number: number) => [...meeting.members].every((member) => positionOf(member) >= number);
  const isOver = () => current?.stream === undefined || current.stream.isOver();

  /** How far it is known what a taker asks for. */
  function horizonOf(taker: One): number {
    const last = [...(requests.get(taker)?.keys() ?? [])].at(-1) ?? -1;
    return Math.max(last, positionOf(taker));
  }

  /** What is asked for from `number` on, as far as that is known of everybody. */
  function together(entry: Entry, number: number): ReadonlyMap<number, Entry> {
    const horizon = Math.min(...[...meeting.members].map(horizonOf));
    const all = new Map([[number, entry]]);
    for (const member of meeting.members) {
      for (const [at, one] of requests.get(member) ?? []) if (at > number && at <= horizon) all.set(at, one);
    }
    return new Map([...all].sort(([left], [right]) => left - right));
  }

  function fetch(entry: Entry, number: number): Fetched<One> {
    const takers = [...meeting.members].filter((member) => positionOf(member) === number);
    const load = async (): Promise<Content> => {
      if (run?.has(number) !== true) {
        await run?.close();
        run = openRun(reading, together(entry, number), signal);
      }
      const content = await run.content(number);
      if (content.kind === 'stream') fetched.stream = shareStream(content.chunks, takers, meeting);
      return content;
    };
    const fetched: Fetched<One> = { number, content: Promise.resolve().then(load) };
    fetched.content.catch(() => {});
    return fetched;
  }

  async function take(taker: One, entry: Entry): Promise<Content> {
    const number = numberOf(entry);
    positions.set(taker, number);
    meeting.wake();
    await meeting.until(taker, () => current?.number === number || (allAt(number) && isOver()));
    if (current?.number !== number) current = fetch(entry, number);
    const { content, stream } = await settled(current);
    return content.kind === 'stream' ? { kind: 'stream', chunks: stream!.of(taker) } : content;
  }

  return {
    async *of(taker, entries) {
      requests.set(taker, new Map(entries.map((entry) => [numberOf(entry), entry])));
      try {
        for (const entry of entries) yield await take(taker, entry);
      } finally {
        requests.delete(taker);
      }
    },
    done(taker) {
      positions.set(taker, Number.POSITIVE_INFINITY);
      requests.delete(taker);
      meeting.wake();
    },
    async close() {
      await run?.close();
    },
  };
}

async function settled<One extends Member>(fetched: Fetched<One>) {
  const content = await fetched.content;
  return { content, stream: fetched.stream };
}
