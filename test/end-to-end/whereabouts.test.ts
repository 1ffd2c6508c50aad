import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { compose } from '../../src/daemon/compose.ts';
import { diskOf } from '../../src/daemon/disks.ts';
import { type Keeping, mayShareAdministrator, mayShareMedium } from '../../src/rules/keeping.ts';
import { mountLoopDisk, skipWithoutLoopDisk } from '../faults/loop-disk.ts';
import { skipWithout } from '../fixtures/programs.ts';

const signal = new AbortController().signal;
const withoutLoopDisk = await skipWithoutLoopDisk();

describe('where something is', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'surety-whereabouts-'));
    process.env.XDG_STATE_HOME = join(folder, 'state');
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Nothing is opened for it. */
  async function look(repositories: Readonly<Record<string, object>>, sources: Readonly<Record<string, object>> = {}) {
    const configFile = join(folder, 'surety.yaml');
    const all = Object.entries(repositories).map(([name, one]) => [name, { type: 'archive', ...one }]);
    writeFileSync(configFile, JSON.stringify({ sources, repositories: Object.fromEntries(all) }));
    await using platform = await compose({ configFile, clock: systemClock, warn: () => {} });
    const found = await platform.whereabouts({ signal });
    const goals = await platform.copyGoals();
    return {
      of: (name: string) => found.get(name)!,
      original: (name: string) => goals.find((one) => one.name === name)!.original,
    };
  }

  test('is seen of folders, whatever links lead there, and of the paths of a source', async () => {
    mkdirSync(join(folder, 'real'));
    symlinkSync(join(folder, 'real'), join(folder, 'link'));
    const { of, original } = await look(
      { real: { store: 'file:real' }, link: { store: 'file:link' }, none: { store: 'file:none' } },
      { data: { type: 'files', paths: ['real'] }, gone: { type: 'files', paths: ['gone'] } },
    );
    for (const name of ['real', 'link']) assert.ok(mayShareMedium(of(name), original('data')), name);
    assert.equal(of('real').spot, of('link').spot);
    assert.deepEqual([original('data').isThere, original('gone').isThere], [true, false]);
    assert.match(of('none').problem ?? '', /there is no folder .*none now/);
  });

  test('is this machine for a service on a loopback address, and also for a name of ssh that leads there', {
    skip: skipWithout('ssh'),
  }, async () => {
    writeFileSync(join(folder, 'ssh_config'), 'Host box\n  HostName 127.0.0.1\n  User keeper\n');
    const { of, original } = await look(
      {
        local: { store: { s3: { bucket: 'abc', endpoint: 'http://127.0.0.1:9000' } }, location: { site: 'afar' } },
        box: { store: { sftp: { host: 'box', path: '/b', ssh_config: join(folder, 'ssh_config') } } },
        away: { store: { s3: { bucket: 'abc', endpoint: 'https://203.0.113.5' } } },
      },
      { db: { type: 'postgres', database: 'a' }, far: { type: 'postgres', database: 'a', server: '203.0.113.9' } },
    );
    assert.deepEqual(
      ['local', 'box', 'away'].map((name) => of(name).place.kind),
      ['here', 'here', 'elsewhere'],
    );
    assert.ok(mayShareMedium(of('local'), original('db')) && mayShareMedium(of('box'), original('db')));
    assert.ok(!mayShareMedium(of('away'), original('db')) && !mayShareMedium(of('local'), original('far')));
    assert.match(of('box').administrator.shown, /^account keeper of 127\.0\.0\.1$/);
    const isOne = (one: Keeping, other: Keeping) => mayShareAdministrator(one, other);
    assert.ok(isOne(of('local'), original('db')) && !isOne(of('away'), original('db')));
  });

  test('is the disk below the file of a mounted image', { skip: withoutLoopDisk }, async () => {
    await using disk = await mountLoopDisk();
    const inside = diskOf(disk.path);
    assert.deepEqual(inside, diskOf(folder));
    assert.equal(inside?.disks.length, 1);
  });
});
