import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DUMP, dumpOf, type Opened, openTestArchive } from '../../../test/fixtures/archive-repository.ts';
import { hasCode, SuretyError } from '../../base/errors.ts';
import type { Warning } from '../../sources/source.ts';
import { withFaults } from '../../stores/faulty.ts';
import { backUp, HOW, problemsOf } from '../contract-steps.ts';
import type { HealFrom, HealHow, HealReport } from '../engine.ts';

interface Pair {
  readonly one: Opened;
  readonly other: Opened;
}

/** Two repositories with the same backup, one a copy of the other. */
async function makePair(): Promise<Pair> {
  const [one, other] = [await openTestArchive(), await openTestArchive()];
  const { snapshot } = await backUp(one.engine, dumpOf('srv/app/db.sql', DUMP.repeat(100)), {
    how: { kind: 'postgres' },
  });
  await using copying = (await other.engine.copyFrom!(one.engine, { ...HOW, warn: () => {} }))!;
  await copying.copy(snapshot, {});
  return { one, other };
}

function from({ engine }: Opened): HealFrom {
  return { name: 'repository copy', open: async () => engine };
}

async function healAll(
  { engine }: Opened,
  places: readonly HealFrom[],
  how: Partial<HealHow> = {},
): Promise<{ readonly report: HealReport; readonly warnings: readonly Warning[] }> {
  const { problems } = await engine.verify({ ...HOW, depth: 'data' });
  const warnings: Warning[] = [];
  const suspects = problems.map(({ key }) => key);
  const warn = (warning: Warning) => warnings.push(warning);
  const report = await engine.heal!({ ...HOW, warn, dryRun: false, suspects, from: places, ...how });
  return { report, warnings };
}

async function everything({ keys, store }: Opened): Promise<Map<string, string>> {
  const all = new Map<string, string>();
  for (const key of await keys()) all.set(key, Buffer.from(await store.read(key, undefined, HOW)).toString('hex'));
  return all;
}

async function spoil({ store }: Opened, key: string): Promise<void> {
  const bytes = Buffer.from(await store.read(key, undefined, HOW));
  bytes[bytes.length >> 1]! ^= 1;
  await store.put(key, bytes, HOW);
}

const isDump = (key: string) => key.includes('.sql');
const isSidecar = (key: string) => key.endsWith('_metadata.json');

describe('a file of an archive comes back from a copy', () => {
  const damages: Readonly<Record<string, (pair: Pair, key: string) => Promise<void>>> = {
    'with a flipped bit': ({ one }, key) => spoil(one, key),
    'that is too short': async ({ one }, key) => {
      await one.store.put(key, (await one.store.read(key, undefined, HOW)).slice(0, 9), HOW);
    },
    'that is missing': ({ one }, key) => one.store.delete(key, HOW),
  };
  for (const [name, damage] of Object.entries(damages)) {
    test(name, async () => {
      const pair = await makePair();
      const before = await everything(pair.one);
      const key = [...before.keys()].find(isDump)!;
      await damage(pair, key);
      const planned = await healAll(pair.one, [from(pair.other)], { dryRun: true });
      assert.notDeepEqual(await everything(pair.one), before);
      const { report } = await healAll(pair.one, [from(pair.other)]);
      assert.deepEqual([report.lost, report.added], [{ blobs: 0, files: [], affects: [], toCopy: [] }, [key]]);
      assert.deepEqual([report.healed, report.healed[0]?.files], [planned.report.healed, 1]);
      assert.deepEqual(await everything(pair.one), before);
      assert.deepEqual(await problemsOf(pair.one.engine), []);
    });
  }

  test('when it is the metadata that can not be read', async () => {
    const { one, other } = await makePair();
    const before = await everything(one);
    const key = [...before.keys()].find(isSidecar)!;
    await one.store.put(key, Buffer.from('{"backup_id": "'), HOW);
    const { report } = await healAll(one, [from(other)]);
    assert.deepEqual([report.lost.files, report.added], [[], [key]]);
    assert.deepEqual(await everything(one), before);
  });

  test('only where it is the very same file', async () => {
    const { one } = await makePair();
    const other = await openTestArchive();
    await backUp(other.engine, dumpOf('srv/app/db.sql', `${DUMP.repeat(99)}${DUMP}`.replace('1', '2')), {
      how: { kind: 'postgres' },
    });
    const key = (await one.keys()).find(isDump)!;
    await spoil(one, key);
    const spoiled = await everything(one);
    const { report } = await healAll(one, [from(other)]);
    assert.deepEqual(
      [report.healed, report.lost.files.map((file) => file.key), report.lost.affects.length],
      [[], [key], 1],
    );
    assert.match(report.lost.files[0]!.hint, /surety forget/);
    assert.deepEqual(await everything(one), spoiled);
  });

  test('unless it is damaged there too, or can not be read: then the next one is asked', async () => {
    const { one, other } = await makePair();
    const third = await openTestArchive();
    {
      await using copying = (await third.engine.copyFrom!(one.engine, { ...HOW, warn: () => {} }))!;
      await copying.copy((await one.engine.list(HOW)).snapshots[0]!, {});
    }
    const key = (await one.keys()).find(isDump)!;
    await spoil(one, key);
    await spoil(other, (await other.keys()).find(isDump)!);
    const closed: HealFrom = {
      name: 'repository closed',
      open: async () => {
        throw new SuretyError('store.denied', 'no access');
      },
    };
    const { report, warnings } = await healAll(one, [closed, from(other), { ...from(third), name: 'third' }]);
    assert.deepEqual(
      report.healed.map((place) => place.from),
      ['third'],
    );
    assert.match(
      warnings.map(({ message }) => message).join('\n'),
      /repository closed.*no access\nrepository copy.*damaged/,
    );
    assert.deepEqual(await problemsOf(one.engine), []);
  });
});

test('a store that is full leaves the damaged file where it was', async () => {
  const { one, other } = await makePair();
  const key = (await one.keys()).find(isDump)!;
  await spoil(one, key);
  const before = await everything(one);
  const full = await openTestArchive({
    init: false,
    store: withFaults(one.store, {
      faults: [{ calls: ['put'], action: { kind: 'fail', when: 'before', code: 'store.full' } }],
    }),
  });
  await assert.rejects(healAll(full, [from(other)]), (error) => hasCode(error, 'store.full'));
  assert.deepEqual(await everything(one), before);
});
