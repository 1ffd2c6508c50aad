import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fieldsOf, openPacketCutter, packet, text, u32, u64 } from './wire.ts';

test('packets come out as they went in, however the stream is cut', () => {
  const bodies = fc.array(fc.tuple(fc.integer({ min: 1, max: 255 }), fc.uint8Array({ maxLength: 300 })), {
    maxLength: 20,
  });
  fc.assert(
    fc.property(bodies, fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }), (sent, cuts) => {
      const stream = Buffer.concat(sent.map(([type, bytes]) => packet(type, [text(bytes)])));
      const cutter = openPacketCutter();
      const found: Buffer[] = [];
      for (let at = 0, index = 0; at < stream.length; index++) {
        const sizeBytes = cuts[index % cuts.length] ?? 1;
        found.push(...cutter.add(stream.subarray(at, at + sizeBytes)));
        at += sizeBytes;
      }
      assert.deepEqual(
        found.map((body) => [body[0], [...fieldsOf(body, 1).bytes()]]),
        sent.map(([type, bytes]) => [type, [...bytes]]),
      );
      assert.equal(cutter.rest().length, 0);
    }),
    { numRuns: 60 },
  );
});

test('what can not be a packet is refused, and is there to be shown', () => {
  const cutter = openPacketCutter();
  assert.throws(() => cutter.add(Buffer.from('Welcome to this host')), RangeError);
  assert.equal(cutter.rest().toString(), 'Welcome to this host');
  assert.throws(() => fieldsOf(Buffer.concat([u32(9), u32(1)])).bytes(), RangeError);
});

test('numbers are as large as files can be', () => {
  const fields = fieldsOf(Buffer.concat([u32(0xffffffff), u64(2 ** 52)]));
  assert.deepEqual([fields.u32(), fields.u64(), fields.more()], [0xffffffff, 2 ** 52, false]);
});
