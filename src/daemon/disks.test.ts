import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { diskOf, diskOfMount, parseMount, serversOf } from './disks.ts';
import { placeOfHost } from './network-place.ts';

test('a line of mountinfo is read, with spaces in names', () => {
  assert.deepEqual(parseMount('36 35 98:0 /mnt1 /mnt/my\\040disk rw,noatime master:1 - ext3 /dev/root rw'), [
    { device: '98:0', point: '/mnt/my disk', type: 'ext3', source: '/dev/root' },
  ]);
  assert.deepEqual(parseMount(''), []);
});

test('machines that a folder is mounted from are named', () => {
  const sources: readonly [string, string[]][] = [
    ['nas:/export/a', ['nas']],
    ['[fd00::2]:/export', ['fd00::2']],
    ['//nas.example.org/share', ['nas.example.org']],
    ['backup@host.example:folder', ['host.example']],
    ['mon1:6789,mon2:6789:/', ['mon1', 'mon2']],
    ['https://dav.example.org/files', ['dav.example.org']],
    ['portable', []],
  ];
  for (const [source, servers] of sources) assert.deepEqual(serversOf(source), servers, source);
});

test('file systems in memory are one medium, and those of a network belong to their server', () => {
  const mount = { device: '0:40', point: '/mnt', type: 'tmpfs', source: 'x' };
  assert.deepEqual(diskOfMount(mount).disks, ['memory']);
  assert.deepEqual(diskOfMount({ ...mount, type: 'nfs4', source: 'nas:/a' }).servers, ['nas']);
  assert.deepEqual(diskOfMount({ ...mount, type: 'zfs', source: 'tank/a/b' }).disks, ['zfs tank']);
  assert.deepEqual(diskOfMount({ ...mount, type: 'overlay', source: 'overlay' }).disks, []);
});

test('nothing is told of a path that is not there', () => {
  assert.equal(diskOf('/no/such/path'), undefined);
});

test('the same disk is told of a folder and one above it', { skip: !existsSync('/proc/self/mountinfo') }, () => {
  assert.deepEqual(diskOf(import.meta.dirname), diskOf(import.meta.filename));
});

test('this machine, its network, others and the unknown are told apart', async () => {
  const kinds: readonly [host: string, kind: string, isThis: boolean][] = [
    ['localhost', 'here', true],
    ['127.0.0.7', 'here', true],
    ['[::1]', 'here', true],
    ['10.255.1.2', 'unknown', false],
    ['203.0.113.9', 'elsewhere', false],
    ['2001:db8::1', 'elsewhere', false],
    ['no-such-host.invalid', 'unknown', false],
  ];
  for (const [host, kind, isThis] of kinds) {
    const place = await placeOfHost(host);
    assert.deepEqual([host, place.kind, place.isThis], [host, kind, isThis]);
  }
});
