import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOffSite, mayShareMedium } from '../rules/keeping.ts';
import type { DiskFacts } from './disks.ts';
import { keepingOfFolders } from './folder-keeping.ts';

const disk = (name: string): DiskFacts => ({ disks: [name], servers: undefined, shown: `disk ${name}` });
const mounted = (...servers: readonly string[]): DiskFacts => ({ disks: [], servers, shown: servers.join() });
const of = (...all: readonly DiskFacts[]) => keepingOfFolders(all, undefined);

test('what is mounted from one server is on one medium, whichever folder it is, and on another than local disks', async () => {
  const [nas, same, other, local] = [
    await of(mounted('203.0.113.7')),
    await of(mounted('203.0.113.7')),
    await of(mounted('203.0.113.8')),
    await of(disk('sda')),
  ];
  assert.ok(mayShareMedium(nas, same));
  assert.ok(!mayShareMedium(nas, other) && !mayShareMedium(nas, local));
  assert.ok(isOffSite(nas, local) && !isOffSite(nas, same));
});

test('a source that is partly mounted may be lost with either', async () => {
  const both = await of(disk('sda'), mounted('203.0.113.7'));
  assert.ok(mayShareMedium(both, await of(disk('sda'))) && mayShareMedium(both, await of(mounted('203.0.113.7'))));
  assert.equal(both.place.kind, 'here');
});

test('what this machine mounts from itself is on a disk of its own that nobody can tell', async () => {
  const own = await of(mounted('127.0.0.1'));
  assert.ok(mayShareMedium(own, await of(disk('sda'))));
  assert.equal(own.place.kind, 'here');
});

test('a server that is not told can be anywhere', async () => {
  const unknown = await of(mounted());
  assert.equal(unknown.place.kind, 'unknown');
  assert.ok(!isOffSite(unknown, await of(disk('sda'))));
});
