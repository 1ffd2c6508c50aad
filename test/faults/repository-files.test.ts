import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CONFIG_KEY } from '../../src/engines/restic/format/config.ts';
import { encodeLock, type LockDocument } from '../../src/engines/restic/format/lock.ts';
import { dateToNs } from '../../src/engines/restic/format/time.ts';
import { openRepository } from '../../src/engines/restic/open-repository.ts';
import type { Repository } from '../../src/engines/restic/repository.ts';
import { openLocalStore } from '../../src/stores/local/open.ts';
import { makeProject, PASSWORD, type Project } from '../fixtures/project.ts';
import { suretyHere } from '../fixtures/surety-here.ts';

const how = { signal: new AbortController().signal };
const who = { host: 'test-host', user: 'test-user', program: 'surety test' };

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

let project: Project;

before(async () => {
  project = makeProject();
  mkdirSync(project.data);
  writeFileSync(join(project.data, 'file'), 'content');
  await project.here.run('init');
  await project.here.run('backup');
});

after(() => project[Symbol.asyncDispose]());

/** What listing the repository fails with; a backup must fail with the same, and store nothing. */
async function failureOf(surety = project.surety): Promise<Failure> {
  const snapshots = readdirSync(join(project.repository, 'snapshots'));
  const [list, backup] = await Promise.all([surety.attempt('list', '--json'), surety.attempt('backup', '--json')]);
  assert.deepEqual([list.code, backup.code], [1, 1], list.stderr + backup.stderr);
  const { error } = JSON.parse(list.stdout).repositories[0] as { error: Failure };
  assert.equal(JSON.parse(backup.stdout).runs[0].members[0].error.code, error.code);
  assert.deepEqual(readdirSync(join(project.repository, 'snapshots')), snapshots);
  assert.deepEqual(readdirSync(join(project.repository, 'locks')), []);
  return error;
}

/** Changes one file of the repository for a while; an undefined body removes it. */
async function whileChanged(
  key: string,
  change: (bytes: Buffer) => Uint8Array | undefined,
  work: () => Promise<void>,
): Promise<void> {
  const path = join(project.repository, key);
  const whole = readFileSync(path);
  const body = change(Buffer.from(whole));
  rmSync(path);
  if (body !== undefined) writeFileSync(path, body);
  try {
    await work();
  } finally {
    writeFileSync(path, whole);
  }
}

const DAMAGES: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  'a flipped bit'(bytes) {
    bytes[bytes.length >> 1]! ^= 4;
    return bytes;
  },
  'a lost last byte': (bytes) => bytes.subarray(0, -1),
  'nothing left in it': () => Buffer.alloc(0),
};

describe('damage', () => {
  for (const [what, damage] of Object.entries(DAMAGES)) {
    test(`of the config, with ${what}, is told as such`, async () => {
      await whileChanged('config', damage, async () => {
        const { code, message } = await failureOf();
        assert.equal(code, 'repository.damaged');
        assert.match(message, /\bconfig\b/);
      });
    });

    test(`of the only key, with ${what}, is told as such and not as a wrong password`, async () => {
      const [name = ''] = readdirSync(join(project.repository, 'keys'));
      await whileChanged(`keys/${name}`, damage, async () => {
        const { code, message } = await failureOf();
        assert.equal(code, 'repository.damaged');
        assert.ok(message.includes(name.slice(0, 8)), message);
      });
    });
  }

  test('a repository without its config is none, and one without keys is damaged', async () => {
    const gone = () => undefined;
    await whileChanged('config', gone, async () => assert.equal((await failureOf()).code, 'repository.missing'));
    const [name = ''] = readdirSync(join(project.repository, 'keys'));
    await whileChanged(`keys/${name}`, gone, async () => {
      const { code, message } = await failureOf();
      assert.equal(code, 'repository.damaged');
      assert.match(message, /\bkeys\b/);
    });
  });

  test('of one of several keys does not lock anybody out, and is named by verify', async () => {
    const name = 'ab'.repeat(32);
    const path = join(project.repository, 'keys', name);
    writeFileSync(path, 'nothing of a key');
    try {
      assert.equal((await project.here.attempt('backup')).code, 0);
      const done = await project.here.attempt('verify');
      assert.equal(done.code, 1);
      assert.match(done.stdout, new RegExp(`keys/${name.slice(0, 8)}`));
    } finally {
      rmSync(path);
    }
    await project.here.run('verify');
  });
});

test('a wrong password is told as such', async () => {
  const { code, hint } = await failureOf(suretyHere(project.folder, { VAULT_PASSWORD: 'wrong' }));
  assert.equal(code, 'repository.wrong-password');
  assert.match(hint, /check the password/);
});

/** The repository as the engine has it, for making files in it that only another program would make. */
async function withRepository(work: (repository: Repository) => Promise<void>): Promise<void> {
  await using store = await openLocalStore({ path: project.repository });
  await work(await openRepository(store, { ...who, password: PASSWORD, compressionLevel: 3 }));
}

for (const version of [0, 3, 99]) {
  test(`a repository of version ${version} is left alone`, async () => {
    let config = Buffer.alloc(0);
    await withRepository(async ({ sealer, config: { id, polynomial } }) => {
      const json = `{"version":${version},"id":"${id}","chunker_polynomial":"${polynomial}"}`;
      config = Buffer.from(sealer.seal(Buffer.from(json)));
    });
    await whileChanged(
      CONFIG_KEY,
      () => config,
      async () => {
        const { code, message, hint } = await failureOf();
        assert.equal(code, 'repository.version');
        assert.ok(message.includes(String(version)), message);
        assert.notEqual(hint, '');
      },
    );
  });
}

async function leaveLock(lock: Partial<LockDocument>, ageMinutes: number): Promise<void> {
  const timeNs = dateToNs(new Date(Date.now() - ageMinutes * 60_000));
  const whole = { timeNs, exclusive: true, host: 'elsewhere', user: 'root', pid: 4711, uid: 0, gid: 0, ...lock };
  await withRepository(async (repository) => {
    const id = await repository.writeUnpacked('locks', encodeLock(whole), how);
    const time = Date.now() / 1000 - ageMinutes * 60;
    utimesSync(join(project.repository, 'locks', id), time, time);
  });
}

function locks(): string[] {
  return readdirSync(join(project.repository, 'locks'));
}

describe('an exclusive lock', () => {
  test('of a process of this host that is gone does not stop a run, and is removed', async () => {
    await leaveLock({ host: hostname(), pid: spawnSync('true').pid }, 1);
    await project.here.run('backup');
    assert.deepEqual(locks(), []);
  });

  test('of another host that was not renewed for half an hour does not stop a run, and is removed', async () => {
    await leaveLock({}, 31);
    await project.here.run('cleanup');
    assert.deepEqual(locks(), []);
  });

  test('of another host that is fresh makes a run busy, which names the host, until it is removed by hand', async () => {
    await leaveLock({}, 29);
    const done = await project.here.attempt('backup', '--json');
    assert.equal(done.code, 4, done.stdout);
    const { code, message } = JSON.parse(done.stdout).runs[0].members[0].error as Failure;
    assert.equal(code, 'repository.locked');
    assert.match(message, /elsewhere/);
    assert.equal(locks().length, 1);
    await project.here.run('unlock', '--all');
    await project.here.run('backup');
  });
});
