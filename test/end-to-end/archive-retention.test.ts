import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Surety } from '../fixtures/surety.ts';
import { suretyHere } from '../fixtures/surety-here.ts';

let folder: string;
let surety: Surety;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'surety-archives-'));
  mkdirSync(join(folder, 'data'));
  writeFileSync(join(folder, 'data', 'file'), 'content');
  const repository = (name: string) => ({ type: 'archive', store: `file:${name}` });
  const configuration = {
    sources: { data: { type: 'files', paths: ['data'] } },
    repositories: { plain: repository('plain'), copy: repository('copy') },
    jobs: { all: { sources: 'all', to: ['plain', { repository: 'copy', keep: 'latest-only' }], keep: 'daily-28' } },
  };
  writeFileSync(join(folder, 'surety.yaml'), JSON.stringify(configuration));
  surety = suretyHere(folder);
});
after(() => rmSync(folder, { recursive: true, force: true }));

const archivesIn = (repository: string) =>
  readdirSync(join(folder, repository, 'files'))
    .filter((name) => name.endsWith('_metadata.json'))
    .map((name) => name.replace('_metadata.json', ''))
    .sort();

interface Verified {
  readonly bad: readonly string[];
  readonly repositories: readonly {
    readonly repository: string;
    readonly results: readonly { readonly id: string; readonly ok: boolean }[];
  }[];
}

test('archives are verified by their ids and by days, cleaned up by repository, and forgotten by their ids', async () => {
  await surety.run('init');
  for (let at = 0; at < 3; at++) {
    await surety.run('backup');
    // Archives are named to the second.
    await new Promise((resolve) => setTimeout(resolve, 1000 - (Date.now() % 1000)));
  }
  const [first, second, third] = archivesIn('plain');
  assert.match(first ?? '', /^files_\d{8}_\d{6}$/);
  const one = await surety.json<Verified>('verify', first!);
  assert.deepEqual(
    one.repositories.map(({ repository, results }) => [repository, ...results.map(({ id, ok }) => `${id} ${ok}`)]),
    [
      ['plain', `${first} true`],
      ['copy', `${first} true`],
    ],
  );

  const file = join(folder, 'plain', 'files', `${second}.tar.gz`);
  const bytes = readFileSync(file);
  bytes[bytes.length - 20]! ^= 1;
  writeFileSync(file, bytes);
  const recent = await surety.attempt('verify', '--days', '--read-data');
  assert.equal(recent.code, 1);
  assert.match(recent.stdout, new RegExp(`^ +ok +${first} `, 'm'));
  assert.match(recent.stdout, new RegExp(`^ +failed +${second} `, 'm'));
  assert.match(recent.stdout, new RegExp(`^1 bad snapshot:\\n {2}${second}$`, 'm'));
  const listed = await surety.run('list', '--status', 'failed', '--type', 'files');
  assert.match(listed, new RegExp(`^ +${second} .* bad +plain copy`, 'm'));
  assert.doesNotMatch(listed, new RegExp(`${third}`));

  const cleaned = await surety.json<{ repositories: { repository: string; removed: string[] }[] }>('cleanup');
  assert.deepEqual(
    cleaned.repositories.map(({ repository, removed }) => [repository, removed.toSorted()]),
    [
      ['plain', [second]],
      ['copy', [first, second]],
    ],
  );
  assert.deepEqual(archivesIn('copy'), [third]);
  const refused = await surety.attempt('forget', third!, '--force', '--repository', 'copy');
  assert.match(refused.stderr, /is the newest good one of source data in repository copy/);
  await surety.run('forget', first!, '--force');
  assert.deepEqual(archivesIn('plain'), [third]);
  assert.deepEqual(
    readdirSync(join(folder, 'plain', 'files')).filter((name) => !name.startsWith(third!)),
    [],
  );
});
