import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../config/parse.ts';
import { whereaboutsIn } from './compose-whereabouts.ts';

test('what is on another host is not on the disks of this machine, whatever its path is', async () => {
  const text = JSON.stringify({
    hosts: {
      main: { ssh: 'backup@192.0.2.7' },
      pod: { kubernetes: { pod: 'db-0', namespace: 'stack' } },
    },
    sources: {
      here: { type: 'sqlite', path: '/tmp/app.db' },
      there: { type: 'sqlite', host: 'main', path: '/tmp/app.db' },
      shop: { type: 'postgres', host: 'main', server: 'localhost', database: 'shop' },
      further: { type: 'postgres', host: 'main', server: '198.51.100.9', database: 'shop' },
      inside: { type: 'postgres', host: 'pod', database: 'shop' },
    },
    repositories: { vault: { type: 'restic', store: 'file:/backup', password: { env: 'P' } } },
    jobs: { main: { sources: ['here', 'there', 'shop', 'further', 'inside'], to: ['vault'] } },
  });
  const config = parseConfig({ file: '/etc/surety.yaml', shownAs: 'surety.yaml', text, mode: 0o600 });
  const goals = await whereaboutsIn(config).copyGoals(config.sources);
  assert.deepEqual(
    goals.map(({ name, original }) => [name, original.place.kind === 'here', original.medium.hosts, original.isThere]),
    [
      ['here', true, goals[0]!.original.medium.hosts, true],
      ['there', false, ['192.0.2.7'], true],
      ['shop', false, ['192.0.2.7'], true],
      ['further', false, ['198.51.100.9'], true],
      ['inside', false, ['kubernetes://stack/db-0'], true],
    ],
  );
});
