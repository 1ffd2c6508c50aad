import type { Content, Entry, Reading } from '../../sources/source.ts';

/** Contents of several entries, asked for in one request. They are taken in order; some may be passed over. */
export interface Run {
  /** Whether this entry is in it, and was not passed. */
  has(number: number): boolean;
  content(number: number): Promise<Content>;
  /** Lets go of what was not taken, as one does who asks for no more. */
  close(): Promise<void>;
}

/** `wanted` is in the order of the reading. */
export function openRun(reading: Reading, wanted: ReadonlyMap<number, Entry>, signal: AbortSignal): Run {
  const numbers = [...wanted.keys()];
  const contents = reading.content([...wanted.values()], { signal });
  const iterator = Symbol.iterator in contents ? contents[Symbol.iterator]() : contents[Symbol.asyncIterator]();
  let at = 0;
  return {
    has: (number) => numbers.indexOf(number, at) >= 0,
    async content(number) {
      for (;;) {
        const next = await iterator.next();
        const passed = numbers[at];
        at += 1;
        if (next.done === true) return { kind: 'gone' };
        if (passed === number) return next.value;
        // Who was to have it is not there any more.
        if (next.value.kind === 'stream') for await (const _ of next.value.chunks) signal.throwIfAborted();
      }
    },
    async close() {
      await iterator.return?.();
    },
  };
}
