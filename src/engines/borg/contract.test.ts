/** The contract of engines, over real borg: an initialized repository is copied for each check. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { testBorg } from '../../../test/fixtures/borg-repository.ts';
import { skipWithout } from '../../../test/fixtures/programs.ts';
import { type EngineUnderTest, engineContract } from '../contract.ts';
import { HOW } from '../contract-steps.ts';
import { initBorg, openBorg } from './open.ts';

const skip = skipWithout('borg');
let folder = '';

before(async () => {
  if (skip !== false) return;
  folder = mkdtempSync(join(tmpdir(), 'surety-borg-contract-'));
  await initBorg(testBorg(join(folder, 'initialized'), join(folder, 'base')), HOW);
});
after(() => rmSync(folder, { recursive: true, force: true }));

async function make(): Promise<EngineUnderTest> {
  const own = mkdtempSync(join(folder, 'one-'));
  const repository = join(own, 'repository');
  cpSync(join(folder, 'initialized'), repository, { recursive: true });
  const engine = await openBorg(testBorg(repository, join(own, 'base')), HOW);
  return {
    engine,
    damage: async () => damageLargest(join(repository, 'data')),
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]();
      rmSync(own, { recursive: true });
    },
  };
}

/** Changes one byte in the middle of the largest file: of the largest piece of content in it. */
function damageLargest(data: string): void {
  const files = readdirSync(data, { recursive: true, encoding: 'utf8' }).map((name) => join(data, name));
  const [largest = ''] = files
    .filter((path) => statSync(path).isFile())
    .sort((left, right) => statSync(right).size - statSync(left).size);
  const bytes = readFileSync(largest);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(largest, bytes);
}

/** Each start of borg takes a third of a second: what says nothing of borg that others do not say is left out. */
const SAID_BY_OTHERS = [
  'a restore gives back every entry with its metadata and content',
  'what changed is read again, and what did not is not asked for',
  'a selection that is not in the snapshot is an error',
  'a stream that fails midway leaves no snapshot',
  'snapshots are listed oldest first, and each has its own content',
  'verify finds nothing in a whole repository',
];

describe('the borg engine', { skip, concurrency: 2 }, () => {
  for (const check of engineContract(make)) {
    if (!SAID_BY_OTHERS.includes(check.name)) it(check.name, () => check.run());
  }
});
