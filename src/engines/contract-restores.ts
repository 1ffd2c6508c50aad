/** What comes back. */
import assert from 'node:assert/strict';
import { hasCode } from '../base/errors.ts';
import { shortId } from '../base/short-id.ts';
import { sampleOf } from './contract-sample.ts';
import { assertRestores, backUp, contentsOf, type EngineChecks, entriesOf, HOW, sameBytes } from './contract-steps.ts';

export const restoreChecks: EngineChecks = {
  async 'a restore gives back every entry with its metadata and content'({ engine }) {
    const held = sampleOf();
    const { snapshot, stats } = await backUp(engine, held);
    assert.deepEqual([stats.filesNew, stats.filesUnmodified], [held.contents.size, 0]);
    await assertRestores(engine, snapshot, held);
  },

  async 'entries are selected by path and by glob, with the directories above them'({ engine }) {
    const { snapshot } = await backUp(engine, sampleOf());
    const wanted: [string[], string[]][] = [
      [['home/empty'], ['home', 'home/empty']],
      [['/home/void/'], ['home', 'home/void']],
      [['home/s*/t?xt'], ['home', 'home/sub', 'home/sub/text']],
      [
        ['**/e*', 'home/link'],
        ['home', 'home/empty', 'home/link'],
      ],
      [['home/sub'], ['home', 'home/sub', 'home/sub/same', 'home/sub/text', 'home/sub/é', 'home/sub/\udcff']],
    ];
    for (const [select, paths] of wanted) {
      const given = (await entriesOf(engine, snapshot, select)).map(({ path }) => path);
      assert.deepEqual(given, paths, select.join());
      await using restoring = await engine.restore(snapshot, { ...HOW, select });
      const { contents, failed } = await contentsOf(restoring);
      assert.equal(failed.size, 0);
      for (const [path, bytes] of contents) assert.ok(sameBytes(bytes, sampleOf().contents.get(path)), path);
    }
  },

  async 'a selection that is not in the snapshot is an error'({ engine }) {
    const { snapshot } = await backUp(engine, sampleOf());
    for (const select of [['home/emptt'], ['home/empty', '**/*.zip']]) {
      await assert.rejects(engine.restore(snapshot, { ...HOW, select }), { code: 'snapshot.path-missing' });
    }
  },

  async 'an unknown id is an error that names the nearest'({ engine }) {
    await assert.rejects(engine.find('0123abcd', HOW), { code: 'snapshot.unknown' });
    const { snapshot } = await backUp(engine, sampleOf());
    const near = snapshot.id.slice(0, 7) + (snapshot.id[7] === '0' ? '1' : '0');
    await assert.rejects(engine.find(near, HOW), (error) => {
      assert.ok(hasCode(error, 'snapshot.unknown'));
      assert.match(error.hint ?? '', new RegExp(shortId(snapshot.id)));
      return true;
    });
  },
};
