import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { mountSmallDisk } from '../faults/small-disk.ts';
import { skipUnlessRoot, skipWithout } from '../fixtures/programs.ts';
import { suretyHere } from '../fixtures/surety-here.ts';

interface Copies {
  readonly outcome: string;
  readonly sources: readonly {
    readonly verdict: {
      readonly kept?: boolean;
      readonly copies: number;
      readonly media: number;
      readonly offSite: number;
      readonly administrators: number;
      readonly counted: readonly string[];
      readonly reasons: readonly { readonly code: string; readonly alarm: boolean; readonly repository: string }[];
    };
  }[];
}

/** A folder with one source in archives. */
function makeFolder(repositories: Readonly<Record<string, object>>, copies: object | undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'surety-copies-'));
  const configuration = {
    sources: { data: { type: 'files', paths: ['data'] } },
    repositories: Object.fromEntries(
      Object.entries(repositories).map(([name, one]) => [name, { type: 'archive', ...one }]),
    ),
    ...(copies === undefined ? {} : { copies }),
  };
  mkdirSync(join(folder, 'data'));
  writeFileSync(join(folder, 'data', 'file'), 'content');
  writeFileSync(join(folder, 'surety.yaml'), JSON.stringify(configuration));
  const surety = suretyHere(folder);
  return {
    folder,
    surety,
    async ask(...args: readonly string[]) {
      const { code, stdout, stderr } = await surety.attempt('copies', '--json', ...args);
      assert.ok(stdout.startsWith('{'), stderr);
      return { code, verdict: (JSON.parse(stdout) as Copies).sources[0]!.verdict };
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const numbersOf = ({ copies, media, offSite }: Copies['sources'][number]['verdict']) => `${copies}-${media}-${offSite}`;

describe('surety copies', () => {
  test('shows what there is, and judges only where a rule is set', async () => {
    using made = makeFolder({ one: { store: 'file:one', verify_after: false }, two: { store: 'file:two' } }, undefined);
    await made.surety.run('init');
    await made.surety.run('backup');
    const { code, verdict } = await made.ask();
    assert.equal(code, 0);
    assert.equal(verdict.kept, undefined);
    assert.equal(numbersOf(verdict), '2-1-0');
    // It was not read back, so it is no copy that was proven.
    assert.deepEqual(verdict.counted, ['two']);
    assert.deepEqual(
      verdict.reasons.map((one) => [one.code, one.repository]),
      [['unproven', 'one']],
    );
    await made.surety.run('verify', '--read-data');
    const text = await made.surety.run('copies');
    assert.match(text, /^data +should +3 +1 +0 +1 +- +-$/m);
    assert.match(text, /No rule is set/);
    rmSync(join(made.folder, 'two'), { recursive: true });
    assert.deepEqual((await made.ask()).verdict.counted, ['one']);
  });

  test('counts another file system as another medium, and a disk that was taken away as off-site', {
    skip: skipUnlessRoot() || skipWithout('mount'),
  }, async () => {
    await using disk = await mountSmallDisk('size=8m');
    const away = { store: `file:${join(disk.path, 'away')}`, location: { site: 'safe' } };
    const twin = { store: `file:${join(disk.path, 'twin')}`, location: { administrator: 'somebody else' } };
    const rule = { copies: 4, media: 2, off_site: 1, max_age: '1d', verified_within: '1d', site: 'home' };
    using made = makeFolder({ here: { store: 'file:here' }, away, twin }, rule);
    await made.surety.run('init');
    await made.surety.run('backup');
    const mounted = await made.ask();
    // Both folders on the disk in memory are one medium, and what is here is not off-site, whatever is said of it.
    assert.equal(numbersOf(mounted.verdict), '4-2-0');
    assert.equal(mounted.verdict.administrators, 1);
    assert.equal(mounted.code, 3);
    assert.deepEqual(
      mounted.verdict.reasons.map(({ code }) => code),
      ['off-site'],
    );
    assert.match(await made.surety.run('status'), /^Copies: 1 of 1 source has too few copies\./m);

    await disk.unmount();
    const taken = await made.ask();
    assert.equal(numbersOf(taken.verdict), '3-2-1');
    assert.deepEqual(taken.verdict.counted, ['here', 'away']);
    const asked = await made.ask('--check');
    assert.equal(asked.code, 3);
    assert.deepEqual(asked.verdict.counted, ['here']);
    assert.deepEqual((await made.ask('--repository', 'here')).verdict.counted, ['here']);
  });
});
