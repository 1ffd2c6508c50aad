import assert from 'node:assert/strict';
import test from 'node:test';
import { checkConfig } from './parse.ts';

const HOSTS = [
  'hosts:',
  '  nas: { ssh: backup@nas.example.org:2222, identity_file: keys/nas, known_hosts: known, jump: gate, connect_timeout: 5s }',
  '  pod: { kubernetes: { pod: db } }',
].join('\n');

function check(store: string) {
  const text = `${HOSTS}
sources: { a: { type: files, paths: [/a] } }
repositories: { vault: { type: archive, store: ${store} } }
`;
  const file = '/etc/here/surety.yaml';
  return checkConfig({ file, shownAs: 'surety.yaml', text, mode: 0o600 });
}

test('a store on a host is reached as the host is', () => {
  const { config, warnings } = check('{ host: nas, path: /srv/backup, connections: 2 }');
  assert.deepEqual(config?.repositories[0]?.store, {
    kind: 'sftp',
    options: {
      ...{ host: 'nas.example.org', user: 'backup', port: 2222, jump: 'gate' },
      ...{ identityFile: '/etc/here/keys/nas', knownHosts: '/etc/here/known', sshConfig: undefined },
      ...{ connectTimeoutMs: 5000, idleTimeoutMs: 60_000, path: '/srv/backup', connections: 2 },
    },
  });
  const unused = warnings.filter(({ message }) => message.includes('uses it')).map(({ path }) => path);
  assert.deepEqual(unused, ['hosts.pod']);
});

test('a store on a host that there is not, or that has no folders, is an error', () => {
  const cases: [string, RegExp][] = [
    ['{ host: nsa, path: /srv }', /repositories\.vault\.store\.host: there is no host named nsa/],
    ['{ host: pod, path: /srv }', /pod is not reached over SSH/],
    ['{ host: nas }', /the folder on the host is missing/],
    ['{ path: /srv }', /`path` belongs to a host/],
    ['{ host: nas, path: /srv, sftp: { host: other, path: /srv } }', /a store has exactly one kind/],
    ['{ host: nas, path: ../up }', /its path/],
  ];
  for (const [store, words] of cases) {
    const [problem] = check(store).errors;
    assert.match(`${problem?.path}: ${problem?.message}`, words);
  }
});
