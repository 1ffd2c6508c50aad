import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { noise } from '../../../../test/fixtures/content.ts';
import { filesSource, makeScratch } from '../../../../test/fixtures/files-source.ts';
import { FOREVER, makeResticRepository } from '../../../../test/fixtures/restic-repository.ts';
import { collectBytes } from '../../../base/streams.ts';
import type { Content, Entry, Reading, TouchedFile, Xattr } from '../../../sources/source.ts';
import type { BackupHow } from '../../engine.ts';
import { backup } from '../backup.ts';
import { restore } from '../restore.ts';

const nameOf = ({ path }: Pick<Entry, 'path'>): string => path.slice(path.lastIndexOf('/') + 1);
const ATTRIBUTES: readonly Xattr[] = [{ name: 'user.colour', value: Buffer.from('green') }];

/** Whether the pieces are what the file consists of. */
function isEqual(content: Uint8Array, { pieces }: TouchedFile): boolean {
  let from = 0;
  return pieces.every(({ sha256, sizeBytes }) => {
    const piece = content.subarray(from, from + sizeBytes);
    from += sizeBytes;
    return createHash('sha256').update(piece).digest('hex') === sha256;
  });
}

test('what was touched is compared by its pieces, and only what differs is read', async () => {
  using scratch = makeScratch();
  const at = (name: string): string => join(scratch.path, name);
  const repository = await makeResticRepository();
  const compared: string[] = [];
  const asked: string[] = [];
  const put = (name: string, content: string | Uint8Array) => writeFileSync(at(name), content);
  for (const name of ['longer', 'odd', 'same', 'untouched']) put(name, `file ${name}`);
  put('empty', '');
  put('large', noise(1, 6_000_000));

  /** As a source on another host that can compare. */
  function comparing(reading: Reading): Reading {
    return {
      ...{ host: reading.host, paths: reading.paths },
      entries: () => reading.entries(),
      xattrs: (batch) => reading.xattrs(batch),
      async compare(touched) {
        compared.push(...touched.map(({ entry }) => nameOf(entry)));
        return touched.map((file) => (isEqual(readFileSync(at(nameOf(file.entry))), file) ? ATTRIBUTES : undefined));
      },
      content(files, how) {
        asked.push(...files.map(nameOf));
        return reading.content(files, how) as Iterable<Content>;
      },
      finish: () => reading.finish(),
      [Symbol.asyncDispose]: () => reading[Symbol.asyncDispose](),
    };
  }

  async function run(more: Partial<BackupHow> = {}) {
    compared.length = 0;
    asked.length = 0;
    const warn = () => assert.fail('nothing is to be warned of');
    await using reading = await filesSource({ paths: ['.'] }, scratch.path).read({ ...FOREVER, warn });
    return await backup(repository, comparing(reading), {
      ...{ ...FOREVER, warn, kind: 'files', source: 'sample', tags: [], recoveryPoint: 'point', excludes: [] },
      ...{ startedAt: new Date(), ...more },
    });
  }

  await run();
  assert.deepEqual(compared, []);
  put('longer', 'file longer than it was');
  put('odd', 'FILE odd');
  put('new', 'new');
  for (const name of ['empty', 'large', 'longer', 'odd', 'same']) utimesSync(at(name), 1_700_000_000, 1_700_000_000);
  const { snapshot, stats } = await run();
  assert.deepEqual(
    [compared, asked],
    [
      ['empty', 'large', 'odd', 'same'],
      ['longer', 'new', 'odd'],
    ],
  );
  assert.deepEqual([stats.filesNew, stats.filesChanged, stats.filesUnmodified], [1, 2, 4]);
  await using restoring = await restore(repository, snapshot, FOREVER);
  for await (const batch of restoring.entries()) {
    for (const entry of batch.filter(({ type, path }) => type === 'file' && !nameOf({ path }).startsWith('.'))) {
      const name = nameOf(entry);
      assert.ok(readFileSync(at(name)).equals(await collectBytes(restoring.stream(entry, FOREVER))), name);
      assert.equal(entry.mtimeNs === 1_700_000_000n * 10n ** 9n, !['new', 'untouched'].includes(name), name);
      const colours = entry.xattrs.map((xattr) => xattr.name);
      assert.deepEqual(colours, ['empty', 'large', 'same'].includes(name) ? ['user.colour'] : [], name);
    }
  }
  await run();
  assert.deepEqual([compared, asked], [[], []]);
  await run({ force: true });
  assert.deepEqual([compared, asked.length], [[], 7]);
});
