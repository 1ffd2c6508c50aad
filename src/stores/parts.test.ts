import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SuretyError } from '../base/errors.ts';
import { sendInParts } from './parts.ts';

const policy = { attempts: 3, firstDelayMs: 1, longestDelayMs: 2 };
const how = { signal: new AbortController().signal, partBytes: 10, parallel: 3, policy };
const passing = () => new SuretyError('store.unavailable', 'the line broke', { retry: 'later' });

/** A body of `sizeBytes` in chunks of 7; it can be opened one time. */
function once(sizeBytes: number) {
  let opened = false;
  return {
    once: true,
    async *open() {
      assert.equal(opened, false, 'it is opened one time only');
      opened = true;
      for (let at = 0; at < sizeBytes; at += 7) {
        yield Uint8Array.from({ length: Math.min(7, sizeBytes - at) }, (_, index) => (at + index) & 0xff);
      }
    },
  };
}

for (const sizeBytes of [0, 1, 9, 10, 11, 20, 95]) {
  test(`${sizeBytes} bytes arrive in parts of 10, each sent again when it fails`, async () => {
    const got = new Uint8Array(sizeBytes).fill(0xee);
    const tries = new Map<number, number>();
    const lasts: number[] = [];
    const sent = await sendInParts(once(sizeBytes), how, async ({ number, offset, bytes, last }) => {
      const attempt = (tries.get(number) ?? 0) + 1;
      tries.set(number, attempt);
      await new Promise(setImmediate);
      if (attempt < 3 && number % 2 === 1) throw passing();
      got.set(bytes, offset);
      if (last) lasts.push(number);
    });
    assert.equal(sent, sizeBytes);
    assert.deepEqual(
      got,
      Uint8Array.from({ length: sizeBytes }, (_, at) => at & 0xff),
    );
    const parts = Math.max(1, Math.ceil(sizeBytes / 10));
    assert.equal(tries.size, parts);
    assert.deepEqual(lasts, [parts]);
  });
}

test('no more parts are under way than allowed, and the body is not read ahead of them', async () => {
  let under = 0;
  let most = 0;
  let read = 0;
  let acknowledged = 0;
  const body = {
    async *open() {
      for (; read < 50; read++) {
        assert.ok(read * 10 - acknowledged <= 50, 'three parts under way, one filled, one begun');
        yield new Uint8Array(10);
      }
    },
  };
  await sendInParts(body, how, async ({ bytes }) => {
    under += 1;
    most = Math.max(most, under);
    await new Promise((resolve) => setTimeout(resolve, 1));
    under -= 1;
    acknowledged += bytes.length;
  });
  assert.equal(most, 3);
});

test('a part that can not be sent ends it; what is under way has settled by then', async () => {
  let under = 0;
  const sending = sendInParts(once(95), how, async ({ number }) => {
    under += 1;
    await new Promise((resolve) => setTimeout(resolve, number));
    under -= 1;
    if (number === 2) throw new SuretyError('store.denied', 'no');
  });
  await assert.rejects(sending, { code: 'store.denied' });
  assert.equal(under, 0);
});

test('what the body throws comes out as it is, as does the reason of an abort', async () => {
  const broken = new Error('the source broke');
  const failing = {
    async *open() {
      yield new Uint8Array(25);
      throw broken;
    },
  };
  await assert.rejects(
    sendInParts(failing, how, async () => undefined),
    (error) => error === broken,
  );
  const stop = new AbortController();
  const reason = new Error('stop');
  const sending = sendInParts(once(95), { ...how, signal: stop.signal }, async ({ number }) => {
    if (number === 3) stop.abort(reason);
  });
  await assert.rejects(sending, (error) => error === reason);
});
