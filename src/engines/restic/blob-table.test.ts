import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { BlobTable, DATA, TREE } from './blob-table.ts';

const place = (pack: number) => ({ pack, offset: pack * 10, length: 100, rawLength: 0 });

describe('the blob table', () => {
  it('finds what was added by id and type, across all of its levels', () => {
    const table = BlobTable.create(200_000, 10, 1);
    const ids = Array.from({ length: 100_000 }, () => randomBytes(32));
    for (const [index, id] of ids.entries()) assert.equal(table.add(id, DATA, place(index % 10)), index);
    for (const [index, id] of ids.entries()) {
      assert.equal(table.find(id, DATA), index);
      assert.equal(table.find(id, TREE), -1);
    }
    assert.equal(table.find(randomBytes(32), DATA), -1);
    assert.deepEqual(table.idOf(77_777), ids[77_777]);
    assert.deepEqual(table.location(13), { ...place(3), type: DATA });
  });

  it('keeps every copy of a blob and returns the first', () => {
    const table = BlobTable.create(10, 10);
    const id = randomBytes(32);
    table.add(id, TREE, place(1));
    table.add(randomBytes(32), TREE, place(2));
    table.add(id, TREE, place(3));
    assert.equal(table.find(id, TREE), 0);
    assert.equal(table.findText(id.toString('hex'), TREE), 0);
    assert.deepEqual(table.copies(id, TREE), [0, 2]);
  });

  it('knows no text that is not a whole id, whatever was asked for before', () => {
    const table = BlobTable.create(10, 10);
    const id = randomBytes(32);
    table.add(id, DATA, place(1));
    const text = id.toString('hex');
    for (const wrong of ['', text.slice(1), `${text}00`, `${text.slice(0, 62)}zz`, 'x'.repeat(64)]) {
      assert.equal(table.findText(text, DATA), 0);
      assert.equal(table.findText(wrong, DATA), -1, wrong);
    }
  });

  it('answers a full table by letting blobs be stored again', () => {
    const table = BlobTable.create(1, 1);
    assert.equal(table.claim(randomBytes(32), DATA), true);
    const id = randomBytes(32);
    assert.equal(table.claim(id, DATA), true);
    assert.equal(table.claim(id, DATA), true);
    assert.equal(table.add(id, DATA, place(0)), -1);
    assert.equal(table.count, 1);
  });

  it('behaves like a map for any sequence of claims', () => {
    const key = fc.nat({ max: 50 }).map((seed) => Buffer.alloc(32, seed));
    fc.assert(
      fc.property(fc.array(fc.tuple(key, fc.constantFrom(DATA, TREE))), (claims) => {
        const table = BlobTable.create(200, 1, 1);
        const seen = new Set<string>();
        for (const [id, type] of claims) {
          const name = `${type} ${id.toString('hex')}`;
          assert.equal(table.claim(id, type), !seen.has(name));
          seen.add(name);
        }
        assert.equal(table.count, seen.size);
      }),
    );
  });

  it('lets one of several threads win each claim', async () => {
    const table = BlobTable.create(100_000, 1, 100_000);
    const code = `
      const { workerData, parentPort } = require('node:worker_threads');
      const { createHash } = require('node:crypto');
      import(workerData.module).then(({ BlobTable, DATA }) => {
        const table = new BlobTable(workerData.shared);
        let won = 0;
        for (let n = 0; n < 20000; n++) {
          if (table.claim(createHash('sha256').update(String(n)).digest(), DATA)) won++;
        }
        parentPort.postMessage(won);
      });`;
    const workerData = { shared: table.shared, module: new URL('./blob-table.ts', import.meta.url).href };
    const wins = await Promise.all(
      Array.from({ length: 3 }, async () => {
        const worker = new Worker(code, { eval: true, workerData });
        const won = await new Promise<number>((resolve, reject) => worker.on('message', resolve).on('error', reject));
        await worker.terminate();
        return won;
      }),
    );
    assert.equal(
      wins.reduce((sum, won) => sum + won),
      20_000,
    );
  });
});
