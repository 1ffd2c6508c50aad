import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { makeFarReach } from '../../test/fixtures/far-reach.ts';
import { parseConfig } from '../config/parse.ts';
import { openSource } from './compose-source.ts';

const TEXT = `
hosts: { main: { ssh: backup@main } }
sources:
  home: { type: files, host: main, paths: ['~'] }
  app: { type: sqlite, host: main, path: ~/app.db }
repositories: { vault: { type: archive, store: file:/vault } }
`;

test('a database in the home folder of another host is none of the files there', async () => {
  await using far = makeFarReach({ programs: ['xargs', 'cut'] });
  for (const name of ['app.db', 'app.db-wal', 'notes']) writeFileSync(far.at('home', name), 'x');
  const config = parseConfig({ file: '/surety.yaml', shownAs: 'surety.yaml', text: TEXT, mode: 0o600 });
  const { signal } = new AbortController();
  const hosts = { reach: async () => far.reach };
  await using source = await openSource(config.sources[0]!, config, { signal, warn: () => {}, hosts });
  await using reading = await source.read({ signal, warn: () => {} });
  const names: string[] = [];
  for await (const batch of reading.entries()) {
    names.push(...batch.filter(({ type }) => type === 'file').map(({ path }) => path.replace(/.*\//, '')));
  }
  assert.deepEqual(names, ['notes']);
});
