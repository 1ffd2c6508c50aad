import assert from 'node:assert/strict';
import { test } from 'node:test';
import { abilitiesOf } from './abilities.ts';
import { changedIdentity } from './changed-identity.ts';
import { parseProbe } from './probe-script.ts';

const ANSWER = `clock 1763711000
user backup
system Linux 6.1.0 x86_64
tmp /tmp
free 2048
is find BSD
is tar GNU
is stat missing
has pg_dump pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)
has psql psql (PostgreSQL) 15.18
has rsync rsync  version 3.2.7  protocol version 31
has gzip gzip: unrecognized option: version
has mysqldump mysqldump  Ver 10.19 Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)
`;

test('what a host answers is read, also where programs say their versions each in their own way', () => {
  const answer = parseProbe(ANSWER);
  assert.deepEqual(answer.clock, new Date('2025-11-21T07:43:20Z'));
  assert.equal(answer.freeBytes, 2 * 1024 ** 2);
  assert.deepEqual(answer.userland, { find: 'BSD', tar: 'GNU', stat: 'missing' });
  const versions = answer.tools.map(({ name, version }) => `${name} ${version}`);
  assert.deepEqual(versions, ['pg_dump 15.18', 'psql 15.18', 'rsync 3.2.7', 'gzip ', 'mysqldump 10.11.6']);
});

test('what is missing for a kind of source is named', () => {
  const abilities = abilitiesOf(parseProbe(ANSWER), { shell: true });
  const said = abilities.map(({ what, able, by }) => `${what}: ${able ? 'yes' : 'no'}, ${by}`);
  assert.deepEqual(said, [
    'commands: yes, sh',
    'file trees: yes, BSD find, GNU tar',
    'PostgreSQL: yes, pg_dump 15.18, psql 15.18',
    'MySQL, MariaDB: no, missing: mariadb-dump, mariadb',
    'SQLite: no, missing: sqlite3',
    'rsync mirrors: yes, rsync 3.2.7',
    'Borg repositories: no, missing: borg',
  ]);
  assert.deepEqual(abilitiesOf(parseProbe('user x\n'), { shell: false })[1]?.by, 'missing: find, tar');
});

test('another key or address than at the last success is told, of a pod that of its cluster', () => {
  const before = { address: '192.0.2.1', key: 'SHA256:b25l', at: new Date('2026-11-20T03:00:00Z') };
  assert.equal(changedIdentity('ssh', { address: '192.0.2.1', key: 'SHA256:b25l' }, before), undefined);
  assert.equal(changedIdentity('ssh', { address: '192.0.2.2', key: 'x' }, undefined), undefined);
  const key = changedIdentity('ssh', { address: '192.0.2.2', key: 'SHA256:dHdv' }, before);
  assert.match(key?.message ?? '', /host key is another one since the last success \(2026-11-20\)/);
  const address = changedIdentity('ssh', { address: '192.0.2.2', key: 'SHA256:b25l' }, before);
  assert.match(address?.message ?? '', /192\.0\.2\.2, it was 192\.0\.2\.1/);
  assert.equal(changedIdentity('ssh', { address: undefined, key: 'SHA256:b25l' }, before), undefined);
  const pod = { ...before, address: 'https://10.0.0.1:6443/stack/db-0 on node-1' };
  const podAt = (address: string) => changedIdentity('kubernetes', { address, key: 'b' }, pod);
  assert.equal(podAt('https://10.0.0.1:6443/stack/db-1 on node-2'), undefined);
  assert.match(podAt('https://10.0.0.2:6443/stack/db-0 on node-1')?.message ?? '', /cluster or namespace is another/);
  assert.match(podAt('https://10.0.0.1:6443/test/db-0 on node-1')?.message ?? '', /6443\/test, it was .*6443\/stack$/);
});
