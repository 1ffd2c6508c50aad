import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openTestMirror, openTestObjects } from '../../../test/fixtures/mirror-repository.ts';
import { type EngineUnderTest, engineContract } from '../contract.ts';
import { LARGEST } from '../contract-sample.ts';

const HOW = { signal: new AbortController().signal };

async function inFolder(): Promise<EngineUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), 'surety-mirror-'));
  const engine = await openTestMirror(folder);
  return {
    engine,
    async damage() {
      const file = join(folder, 'sample', 'latest', LARGEST);
      const bytes = readFileSync(file);
      bytes[bytes.length >> 1]! ^= 1;
      writeFileSync(file, bytes);
    },
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function inObjects(): Promise<EngineUnderTest> {
  const { engine, store } = await openTestObjects();
  return {
    engine,
    async damage() {
      const key = `sample/latest/${LARGEST}`;
      const bytes = Buffer.from(await store.read(key, undefined, HOW));
      bytes[bytes.length >> 1]! ^= 1;
      await store.put(key, bytes, HOW);
    },
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

for (const [name, make] of [
  ['a mirror in a folder', inFolder],
  ['a mirror in a store of objects', inObjects],
] as const) {
  describe(`the contract of engines holds for ${name}`, () => {
    for (const check of engineContract(make)) it(check.name, () => check.run());
  });
}
