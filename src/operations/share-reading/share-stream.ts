/** One stream that several takers read, chunk by chunk together: the chunk's memory may be used again for the next. */
import type { Meeting, Member } from './meeting.ts';

export interface SharedStream<One extends Member> {
  /** The chunks, from the first one on. Everybody who takes part has called this before the first chunk is read. */
  of(taker: One): AsyncIterable<Uint8Array>;
  /** True once there is nothing more to come for anybody. */
  isOver(): boolean;
}

/** `takers` are those who take part; who leaves the meeting, or stops reading, is not waited for. */
export function shareStream<One extends Member>(
  chunks: AsyncIterable<Uint8Array>,
  takers: Iterable<One>,
  meeting: Meeting<One>,
): SharedStream<One> {
  const source = chunks[Symbol.asyncIterator]();
  /** How many chunks each has asked for. */
  const asked = new Map([...takers].map((taker) => [taker, 0]));
  let round = 0;
  let chunk: Uint8Array | undefined;
  let pulling = false;
  let end: { readonly error?: unknown } | undefined;

  const present = () => [...asked].filter(([taker]) => meeting.members.has(taker));
  const allAsked = () => present().every(([, times]) => times > round);

  async function pull(): Promise<void> {
    pulling = true;
    try {
      const next = await source.next();
      if (next.done === true) end = {};
      else chunk = next.value;
    } catch (error) {
      end = { error };
    }
    round += 1;
    pulling = false;
    meeting.advance();
  }

  async function* read(taker: One): AsyncGenerator<Uint8Array> {
    try {
      for (let turn = 1; ; turn++) {
        asked.set(taker, turn);
        while (round < turn) {
          // Not waited for by itself: whoever is ended leaves at once, however long the source takes.
          const what = !pulling && allAsked() ? 'source' : 'others';
          if (what === 'source') void pull();
          await meeting.until(taker, () => round >= turn || (!pulling && allAsked()), what);
        }
        // The others did not wait for one who was ended: the chunk is another one by now.
        taker.signal.throwIfAborted();
        if (end !== undefined && 'error' in end) throw end.error;
        if (end !== undefined) return;
        yield chunk!;
      }
    } finally {
      asked.delete(taker);
      if (present().length === 0 && end === undefined) {
        end = {};
        await source.return?.();
      }
      meeting.wake();
    }
  }

  return { of: read, isOver: () => end !== undefined || present().length === 0 };
}
