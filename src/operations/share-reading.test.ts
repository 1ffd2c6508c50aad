import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dumpEntry } from '../sources/dump-entry.ts';
import type { Content, Entry, Reading, SourceFacts, Warning } from '../sources/source.ts';
import { type SharedHow, shareReading, type Taker } from './share-reading.ts';

const FACTS: SourceFacts = { kind: 'files', versions: {}, files: 0, sizeBytes: 0 };

/** A source whose streams use one buffer again and again, and which notes what is done with it. */
function scripted({ batches = 3, perBatch = 4, chunks = 5, kinds = 'stream' as 'stream' | 'path' | 'mixed' } = {}) {
  const log: string[] = [];
  const all = Array.from({ length: batches * perBatch }, (_, at) =>
    dumpEntry(`f${String(at).padStart(5, '0')}`, new Date(0)),
  );
  const begun = new Set<AbortSignal>();
  const isPath = (entry: Entry) => kinds === 'path' || (kinds === 'mixed' && Number(entry.path.slice(1)) % 3 === 0);
  async function* content(entries: readonly Entry[], signal: AbortSignal): AsyncGenerator<Content> {
    for (const entry of entries) {
      log.push(`content ${entry.path}`);
      if (isPath(entry)) yield { kind: 'path', path: `/there/${entry.path}` };
      else yield { kind: 'stream', chunks: stream(entry, signal) };
    }
  }
  async function* stream(entry: Entry, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const buffer = Buffer.alloc(32);
    assert.equal(begun.has(signal), false, 'one stream at a time');
    begun.add(signal);
    try {
      for (let at = 0; at < chunks; at++) {
        signal.throwIfAborted();
        await new Promise(setImmediate);
        buffer.fill(0);
        buffer.write(`${entry.path}:${at};`);
        yield buffer.subarray(0, `${entry.path}:${at};`.length);
      }
    } finally {
      log.push(`end ${entry.path}`);
      begun.delete(signal);
    }
  }
  const reading = (signal: AbortSignal): Reading => ({
    host: 'here',
    paths: ['/there'],
    async *entries() {
      for (let at = 0; at < all.length; at += perBatch) yield all.slice(at, at + perBatch);
    },
    xattrs: (entries) => entries.map(() => []),
    content(entries) {
      log.push('request');
      return content(entries, signal);
    },
    async finish() {
      log.push('finish');
      return FACTS;
    },
    async [Symbol.asyncDispose]() {
      log.push('closed');
    },
  });
  return {
    log,
    all,
    open: async (how: SharedHow) => {
      log.push('open');
      return reading(how.signal);
    },
    textOf: (entry: Entry) => textOf(entry, isPath(entry), chunks),
  };
}

function textOf(entry: Entry, isPath: boolean, chunks: number): string {
  if (isPath) return `/there/${entry.path}`;
  return Array.from({ length: chunks }, (_, at) => `${entry.path}:${at};`).join('');
}

function taker(more: Partial<Taker> = {}): Taker {
  return { signal: new AbortController().signal, warn: () => {}, alive: () => {}, previous: undefined, ...more };
}

/** Takes what `wants` says, as an engine does; returns what it got by path. */
async function take(
  reading: Reading,
  wants: (entry: Entry) => boolean,
  readsAllFirst: boolean,
  pause = async () => {},
) {
  const got = new Map<string, string>();
  const takeBatch = async (batch: readonly Entry[]) => {
    const wanted = batch.filter(wants);
    let at = 0;
    for await (const content of reading.content(wanted, { signal: new AbortController().signal })) {
      let text = content.kind === 'path' ? content.path : '';
      if (content.kind === 'stream') {
        for await (const chunk of content.chunks) {
          await pause();
          text += Buffer.from(chunk).toString();
        }
      }
      got.set(wanted[at++]!.path, text);
    }
  };
  const held: (readonly Entry[])[] = [];
  for await (const batch of reading.entries()) {
    await pause();
    if (readsAllFirst) held.push(batch);
    else await takeBatch(batch);
  }
  for (const batch of held) await takeBatch(batch);
  assert.deepEqual(await reading.finish(), FACTS);
  return got;
}

test('whatever each of them wants, everybody gets exactly that, and the source is read once', async () => {
  const shape = fc.record({
    batches: fc.integer({ min: 0, max: 40 }),
    perBatch: fc.integer({ min: 1, max: 3 }),
    chunks: fc.integer({ min: 0, max: 3 }),
    kinds: fc.constantFrom('stream' as const, 'path' as const, 'mixed' as const),
  });
  const one = fc.record({
    every: fc.integer({ min: 1, max: 60 }),
    from: fc.integer({ min: 0, max: 50 }),
    slow: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(shape, fc.array(one, { minLength: 1, maxLength: 4 }), async (options, takers) => {
      const source = scripted(options);
      const seats = shareReading(takers.length, source.open);
      const pause = (slow: boolean) => async () => (slow ? void (await new Promise(setImmediate)) : undefined);
      const results = await Promise.all(
        takers.map(async ({ every, from, slow }, at) => {
          using seat = seats[at]!;
          const wants = (entry: Entry) =>
            Number(entry.path.slice(1)) >= from && Number(entry.path.slice(1)) % every === 0;
          await using reading = await seat.join(taker());
          return { wants, got: await take(reading, wants, false, pause(slow)) };
        }),
      );
      for (const { wants, got } of results) {
        assert.deepEqual(got, new Map(source.all.filter(wants).map((entry) => [entry.path, source.textOf(entry)])));
      }
      for (const word of ['open', 'finish', 'closed'])
        assert.equal(source.log.filter((line) => line === word).length, 1, word);
      const fetched = source.log.filter((line) => line.startsWith('content'));
      assert.equal(new Set(fetched).size, fetched.length, 'no content is fetched twice');
    }),
    { numRuns: 60 },
  );
});

test('what all of them are known to want is asked for in one request', async () => {
  const source = scripted({ batches: 3, perBatch: 50, chunks: 1 });
  const seats = shareReading(2, source.open);
  const wants = [(entry: Entry) => entry.path !== 'f00007', (entry: Entry) => Number(entry.path.slice(1)) % 2 === 1];
  await Promise.all(
    wants.map(async (wanted, at) => {
      using seat = seats[at]!;
      await using reading = await seat.join(taker());
      await take(reading, wanted, false);
    }),
  );
  const requests = source.log.filter((line) => line === 'request').length;
  assert.ok(requests <= 9, `${requests} requests for three batches`);
});

test('one that looks at all entries before it asks and one that asks as it goes get the same', async () => {
  const source = scripted({ batches: 3 });
  const [a, b] = shareReading(2, source.open);
  const [first, second] = await Promise.all([
    a!.join(taker()).then((reading) => take(reading, () => true, true)),
    b!.join(taker()).then((reading) => take(reading, () => true, false)),
  ]);
  assert.deepEqual(first, second);
  assert.equal(first.size, 12);
});

test('one that fails in the middle of a stream holds up nobody', async () => {
  const source = scripted({ chunks: 50 });
  const [a, b] = shareReading(2, source.open);
  const broken = new Error('its disk is full');
  const failing = async () => {
    await using reading = await a!.join(taker());
    let chunks = 0;
    await take(
      reading,
      () => true,
      false,
      async () => {
        if (++chunks > 20) throw broken;
      },
    );
  };
  const whole = async () => {
    await using reading = await b!.join(taker());
    return await take(reading, () => true, false);
  };
  const [failed, got] = await Promise.allSettled([failing(), whole()]);
  assert.deepEqual(failed, { status: 'rejected', reason: broken });
  assert.ok(got.status === 'fulfilled');
  for (const entry of source.all) assert.equal(got.value.get(entry.path), source.textOf(entry));
});

test('one that is ended while it waits for another is ended at once, and the source with the last one', async () => {
  const source = scripted();
  let signal: AbortSignal | undefined;
  const seats = shareReading(2, (how) => {
    signal = how.signal;
    return source.open(how);
  });
  const stop = new AbortController();
  const reason = new Error('stop');
  const waits = (async () => {
    await using reading = await seats[0]!.join(taker({ signal: stop.signal }));
    return await take(reading, () => true, false);
  })();
  const idle = await seats[1]!.join(taker());
  await new Promise((resolve) => setTimeout(resolve, 5));
  stop.abort(reason);
  await assert.rejects(waits, (error) => error === reason);
  assert.equal(signal?.aborted, false, 'one of them may still read');
  await idle[Symbol.asyncDispose]();
  assert.equal(signal?.aborted, true);
  assert.deepEqual(source.log, ['open', 'closed']);
});

test('who gave up its seat is not waited for, and who comes too late reads for itself', async () => {
  const source = scripted();
  const [a, b] = shareReading(2, source.open);
  b![Symbol.dispose]();
  assert.equal((await take(await a!.join(taker()), () => true, false)).size, 12);
  const other = scripted();
  const [c, d] = shareReading(2, other.open, 5);
  await using early = await c!.join(taker());
  await using late = await d!.join(taker());
  const [one, two] = await Promise.all([take(early, () => true, false), take(late, () => true, false)]);
  assert.deepEqual(one, two);
  assert.equal(other.log.filter((line) => line === 'open').length, 2);
});

test('the source is told the newest facts; its warnings go to everybody; who waits is alive', async () => {
  const source = scripted();
  let told: SharedHow | undefined;
  const seats = shareReading(2, (how) => {
    told = how;
    how.warn({ code: 'source.shrunk', path: '', message: 'smaller' });
    return source.open(how);
  });
  const heard: Warning[] = [];
  const previous = (day: number) => ({ facts: { ...FACTS, files: day }, time: new Date(day * 86_400_000) });
  const warn = (warning: Warning) => void heard.push(warning);
  let lives = 0;
  const alive = () => {
    lives += 1;
  };
  const waits = seats[0]!.join(taker({ warn, previous: previous(2), alive }));
  await new Promise((resolve) => setTimeout(resolve, 1100));
  assert.ok(lives > 0);
  await using second = await seats[1]!.join(taker({ warn, previous: previous(1) }));
  await using first = await waits;
  assert.equal(told?.previous?.files, 2);
  assert.equal(heard.length, 2);
  await Promise.all([take(first, () => false, false), take(second, () => false, false)]);
});

test('what fails for all fails for each: a source that can not be read, a stream that breaks, an end that does not count', async () => {
  const broken = new Error('the server died');
  const both = async (open: (how: SharedHow) => Promise<Reading>) => {
    const seats = shareReading(2, open);
    return await Promise.allSettled(
      seats.map(async (seat) => {
        await using reading = await seat.join(taker());
        return await take(reading, () => true, false);
      }),
    );
  };
  const rejected = { status: 'rejected', reason: broken };
  assert.deepEqual(await both(() => Promise.reject(broken)), [rejected, rejected]);
  const reading = async (how: SharedHow) => ({ ...(await scripted().open(how)) });
  const dies = async function* (): AsyncGenerator<Content> {
    yield {
      kind: 'stream',
      chunks: (async function* () {
        yield Buffer.from('begun');
        throw broken;
      })(),
    };
  };
  assert.deepEqual(await both(async (how) => ({ ...(await reading(how)), content: dies })), [rejected, rejected]);
  assert.deepEqual(await both(async (how) => ({ ...(await reading(how)), finish: () => Promise.reject(broken) })), [
    rejected,
    rejected,
  ]);
});

test('a source that hangs keeps nobody alive: all give it up, and it is ended', async () => {
  const source = scripted();
  const hangs = async function* (signal: AbortSignal): AsyncGenerator<Content> {
    yield {
      kind: 'stream',
      chunks: (async function* () {
        yield Buffer.from('begun');
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      })(),
    };
  };
  const seats = shareReading(2, async (how) => ({ ...(await source.open(how)), content: () => hangs(how.signal) }));
  let lives = 0;
  const stop = seats.map(() => new AbortController());
  const takes = seats.map(async (seat, at) => {
    await using reading = await seat.join(taker({ signal: stop[at]!.signal, alive: () => void lives++ }));
    return await take(reading, () => true, false);
  });
  const ended = Promise.allSettled(takes);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const before = lives;
  await new Promise((resolve) => setTimeout(resolve, 2100));
  assert.equal(lives, before, 'nobody is at work');
  for (const one of stop) one.abort(new Error('stalled'));
  for (const one of await ended) assert.match(String(one.status === 'rejected' && one.reason), /stalled/);
  assert.equal(source.log.at(-1), 'closed');
});

test('one that is ended but hangs holds up nobody, and gets nothing more', async () => {
  const source = scripted({ chunks: 50 });
  const [a, b] = shareReading(2, source.open);
  const stop = new AbortController();
  const hang = Promise.withResolvers<void>();
  let chunks = 0;
  const hanging = (async () => {
    await using reading = await a!.join(taker({ signal: stop.signal }));
    return await take(
      reading,
      () => true,
      false,
      () => (++chunks === 20 ? hang.promise : Promise.resolve()),
    );
  })();
  hanging.catch(() => {});
  const whole = b!.join(taker()).then((reading) => take(reading, () => true, false));
  await new Promise((resolve) => setTimeout(resolve, 50));
  stop.abort(new Error('its server hangs'));
  const got = await whole;
  for (const entry of source.all) assert.equal(got.get(entry.path), source.textOf(entry));
  hang.resolve();
  await assert.rejects(hanging, /its server hangs/);
  assert.equal(chunks, 20);
});

test('one that is ended before the reading begins takes nothing from those who still come', async () => {
  const source = scripted();
  const [a, b] = shareReading(2, source.open);
  const stop = new AbortController();
  const gone = a!.join(taker({ signal: stop.signal }));
  stop.abort(new Error('too long'));
  await assert.rejects(gone, /too long/);
  assert.equal((await take(await b!.join(taker()), () => true, false)).size, 12);
});
