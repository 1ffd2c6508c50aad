import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { endOf, firstOutputOf } from '../../test/fixtures/child-end.ts';
import { snapshotOf } from '../../test/fixtures/snapshots.ts';
import type { Engine } from '../engines/engine.ts';
import { holdRestores } from './hold-restores.ts';
import { openHolds } from './holds.ts';

let folder: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'surety-holds-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const MODULE = JSON.stringify(join(import.meta.dirname, 'holds.ts'));

test('what is held is held for other processes too, in its repository only, and until the last one lets it go', () => {
  const holds = openHolds(join(folder, 'shared'));
  const first = holds.hold('plain', 'database_20241122_020000');
  const second = holds.hold('plain', 'database_20241122_020000');
  const seen = () => {
    const script = `const { openHolds } = await import(${MODULE}); const held = openHolds(process.argv[1]);
      console.log([...held.held('plain')].join(), [...held.held('other')].join());`;
    return execFileSync(process.execPath, ['-e', script, join(folder, 'shared')], { encoding: 'utf8' }).trim();
  };
  assert.equal(seen(), 'database_20241122_020000');
  first[Symbol.dispose]();
  assert.equal(seen(), 'database_20241122_020000');
  second[Symbol.dispose]();
  assert.equal(seen(), '');
  assert.deepEqual(readdirSync(join(folder, 'shared')), []);
});

test('a process that was killed holds nothing', async () => {
  const place = join(folder, 'killed');
  const script = `const { openHolds } = await import(${MODULE}); openHolds(process.argv[1]).hold('plain', 'one');
    console.log('held'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['-e', script, place], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await firstOutputOf(child);
    assert.deepEqual([...openHolds(place).held('plain')], ['one']);
  } finally {
    child.kill('SIGKILL');
    await endOf(child);
  }
  assert.deepEqual([...openHolds(place).held('plain')], []);
});

test('is held for sure, also while another process looks what is', async () => {
  const place = join(folder, 'looked-at');
  const script = `const { openHolds } = await import(${MODULE}); const holds = openHolds(process.argv[1]);
    console.log('looking'); for (;;) holds.held('plain');`;
  const child = spawn(process.execPath, ['-e', script, place], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await firstOutputOf(child);
    const holds = openHolds(place);
    for (let at = 0; at < 400; at++) {
      using _ = holds.hold('plain', `s${at}`);
      assert.ok(readdirSync(place).some((name) => name.startsWith(`plain s${at} `)));
    }
  } finally {
    child.kill('SIGKILL');
    await endOf(child);
  }
});

test('an engine holds a snapshot from the beginning of its restore to the end, however that ends', async () => {
  const holds = openHolds(join(folder, 'engine'));
  const held = () => [...holds.held('vault')];
  let ended = 0;
  class Fake {
    #works = true;
    fail(): void {
      this.#works = false;
    }
    async restore(): Promise<AsyncDisposable> {
      assert.equal(held().length, 1);
      if (!this.#works) throw new Error('damaged');
      return {
        [Symbol.asyncDispose]: async () => {
          ended += 1;
        },
      };
    }
  }
  const fake = new Fake();
  const engine = holdRestores(fake as unknown as Engine, (id) => holds.hold('vault', id));
  const how = { signal: new AbortController().signal };
  {
    await using _ = await engine.restore(snapshotOf({ id: 'ab' }), how);
    assert.deepEqual(held(), ['ab'.padEnd(64, '0')]);
  }
  assert.deepEqual([held(), ended], [[], 1]);
  (engine as unknown as Fake).fail();
  await assert.rejects(engine.restore(snapshotOf({ id: 'ab' }), how), /damaged/);
  assert.deepEqual(held(), []);
});

test('a folder that can not be written stops no restore', () => {
  const holds = openHolds('/proc/nowhere');
  holds.hold('vault', 'ab')[Symbol.dispose]();
  assert.deepEqual([...holds.held('vault')], []);
});
