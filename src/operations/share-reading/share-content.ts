/** Hands the content of entries to all who ask for it, each content once from the source. */
import type { Content, Entry, Reading } from '../../sources/source.ts';
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
  /** Ends it as one does who asks for no more. */
  close(): Promise<unknown>;
}

/**
 * Takers ask in the order of the entries, though not all for the same: one whose repository has a file already passes it over. What is
 * asked for is fetched when everybody has asked for it or for something that comes later.
 */
export function shareContent<One extends Member>(
  reading: Reading,
  meeting: Meeting<One>,
  numberOf: (entry: Entry) => number,
  signal: AbortSignal,
): SharedContent<One> {
  /** Number of the entry that each asked for last. */
  const positions = new Map<One, number>();
  let current: Fetched<One> | undefined;

  const positionOf = (taker: One) => positions.get(taker) ?? -1;
  const allAt = (number: number) => [...meeting.members].every((member) => positionOf(member) >= number);
  const isOver = () => current?.stream === undefined || current.stream.isOver();

  function fetch(entry: Entry, number: number): Fetched<One> {
    const before = current;
    const takers = [...meeting.members].filter((member) => positionOf(member) === number);
    let iterator: Iterator<Content> | AsyncIterator<Content> | undefined;
    const load = async (): Promise<Content> => {
      await before?.close();
      const contents = reading.content([entry], { signal });
      iterator = Symbol.iterator in contents ? contents[Symbol.iterator]() : contents[Symbol.asyncIterator]();
      const first = await iterator.next();
      if (first.done === true) return { kind: 'gone' };
      if (first.value.kind === 'stream') fetched.stream = shareStream(first.value.chunks, takers, meeting);
      return first.value;
    };
    const fetched: Fetched<One> = {
      number,
      content: Promise.resolve().then(load),
      close: async () => iterator?.return?.(),
    };
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
      for (const entry of entries) yield await take(taker, entry);
    },
    done(taker) {
      positions.set(taker, Number.POSITIVE_INFINITY);
      meeting.wake();
    },
    async close() {
      await current?.close();
    },
  };
}

async function settled<One extends Member>(fetched: Fetched<One>) {
  const content = await fetched.content;
  return { content, stream: fetched.stream };
}
