import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { hasCode } from '../base/errors.ts';
import { type Answer, type Asked, isPart, partOf, rangeHeader, receiveChunks, receiveWhole } from './answer.ts';

function answer(...chunks: readonly string[]): Answer {
  const bytes = chunks.map((chunk) => Buffer.from(chunk));
  return { body: Readable.from(bytes), sizeBytes: bytes.reduce((sum, chunk) => sum + chunk.length, 0) };
}

function asked(signal = new AbortController().signal): Asked {
  return { key: 'data/ab', location: 'there', signal, failure: (error) => new Error('translated', { cause: error }) };
}

const ways = {
  whole: async (from: Answer, how: Asked) => Buffer.from(await receiveWhole(from, how)).toString(),
  chunks: async (from: Answer, how: Asked) => Buffer.concat(await Array.fromAsync(receiveChunks(from, how))).toString(),
};

for (const [name, receive] of Object.entries(ways)) {
  test(`${name}: all pieces arrive in order`, async () => {
    assert.equal(await receive(answer('one ', 'two ', 'three'), asked()), 'one two three');
    assert.equal(await receive(answer(), asked()), '');
  });

  test(`${name}: an answer that is shorter or longer than announced is one that broke off`, async () => {
    for (const sizeBytes of [2, 4]) {
      const problem = await receive({ ...answer('abc'), sizeBytes }, asked()).catch((error: unknown) => error);
      const cause = problem instanceof Error && problem.cause !== undefined ? problem.cause : problem;
      assert.ok(hasCode(cause, 'store.unavailable'), String(problem));
    }
  });

  test(`${name}: an error of the connection is translated, unless whoever asked has given up`, async () => {
    const cut = () => {
      const { body, sizeBytes } = answer('abc', 'def');
      body.once('data', () => body.destroy(new Error('cut')));
      return { body, sizeBytes };
    };
    await assert.rejects(receive(cut(), asked()), /translated/);
    await assert.rejects(receive(cut(), asked(AbortSignal.abort(new Error('given up')))), /given up/);
  });
}

test('a range is written as HTTP wants it', () => {
  assert.deepEqual([rangeHeader({ offset: 2, length: 3 }), rangeHeader({ offset: 2 })], ['bytes=2-4', 'bytes=2-']);
  assert.deepEqual([isPart(undefined), isPart({ offset: 0 }), isPart({ offset: 0, length: 1 })], [false, false, true]);
});

test('another part than was asked for is refused, and nothing of it is read', () => {
  const range = { offset: 2, length: 3 };
  const right = answer('abc');
  assert.equal(partOf(right, 'bytes 2-4/9', range, asked()), right);
  const wrong = [undefined, 'bytes 0-2/9', 'bytes 2-5/9', 'bytes 2-4/*'];
  for (const contentRange of wrong) {
    const given = answer('abc');
    assert.throws(
      () => partOf(given, contentRange, range, asked()),
      (error) => hasCode(error, 'store.failed'),
    );
    assert.ok(given.body.destroyed);
  }
});

test('a part that ends with the stored body, before what was asked for, is incomplete', () => {
  const given = answer('abc');
  assert.throws(
    () => partOf(given, 'bytes 2-4/5', { offset: 2, length: 4 }, asked()),
    (error) => hasCode(error, 'store.incomplete'),
  );
  assert.ok(given.body.destroyed);
});
