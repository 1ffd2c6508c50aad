import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { endOf, hasEnded } from '../fixtures/child-end.ts';
import { childEnvironment } from '../fixtures/programs.ts';
import { SURETY } from '../fixtures/surety.ts';
import { suretyHere } from '../fixtures/surety-here.ts';
import { until } from '../fixtures/until.ts';

/** A folder with this configuration and a tree to back up, and the program in it. */
function makePlace(repositories: string) {
  const folder = mkdtempSync(join(tmpdir(), 'surety-store-use-'));
  mkdirSync(join(folder, 'data'));
  writeFileSync(join(folder, 'data', 'file'), 'one');
  const jobs = 'jobs: { main: { sources: [data], to: all, keep: { last: 1 } } }';
  const sources = 'sources: { data: { type: files, paths: [data] } }';
  writeFileSync(join(folder, 'surety.yaml'), `${sources}\n${jobs}\nrepositories:\n${repositories}`);
  return {
    folder,
    surety: suretyHere(folder, { PASSWORD: 'correct horse' }),
    filesOf: (repository: string) => readdirSync(join(folder, repository), { recursive: true }).map(String).sort(),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}

describe('an append-only repository', () => {
  for (const kind of ['restic', 'archive']) {
    test(`of type ${kind} takes backups and gives nothing up`, async () => {
      const password = kind === 'restic' ? ', password: { env: PASSWORD }' : '';
      using place = makePlace(`  vault: { type: ${kind}, store: file:vault, append_only: true${password} }\n`);
      const { surety, folder } = place;
      await surety.run('init');
      await surety.run('backup');
      writeFileSync(join(folder, 'data', 'file'), 'two');
      await surety.run('backup');
      const listed = await surety.json<{ repositories: { snapshots: { id: string }[] }[] }>('list');
      const ids = listed.repositories[0]!.snapshots.map(({ id }) => id);
      assert.equal(ids.length, 2);
      await surety.run('pin', 'latest');
      const before = place.filesOf('vault');
      for (const args of [['unpin', 'latest'], ['cleanup'], ['forget', ids[1]!, '--force', '--allow-pinned']]) {
        const refused = await surety.attempt(...args);
        assert.equal(refused.code, 1, args.join(' '));
        const said = refused.stdout + refused.stderr;
        assert.match(said, /repository vault is append-only: nothing in it is removed/);
        assert.doesNotMatch(said, /snapshots? removed/);
      }
      assert.deepEqual(place.filesOf('vault'), before);
      await surety.run('verify', '--read-data');
      await surety.run('check');
      if (kind !== 'restic') return;
      // What was not removed is missed when it goes all the same.
      rmSync(join(folder, 'vault', 'snapshots', ids[1]!));
      assert.match((await surety.attempt('backup')).stdout, /is gone, and no cleanup on this machine removed it/);
    });
  }
});

test('unlock passes over a repository that has no locks, unless it is named', async () => {
  const first = '  plain: { type: archive, store: file:plain }\n';
  using place = makePlace(`${first}  vault: { type: restic, store: file:vault, password: { env: PASSWORD } }\n`);
  await place.surety.run('init');
  assert.equal(await place.surety.run('unlock'), 'vault: 0 locks removed\n');
  assert.match(
    (await place.surety.attempt('unlock', '--repository', 'plain')).stderr,
    /plain \(archive\) has no locks/,
  );
});

test('a limit slows a backup to its rate', async () => {
  using place = makePlace(
    '  slow: { type: restic, store: file:slow, password: { env: PASSWORD }, limit: { upload: 512KiB/s } }\n',
  );
  await place.surety.run('init');
  writeFileSync(join(place.folder, 'data', 'big'), randomBytes(1 << 20));
  const beforeMs = performance.now();
  await place.surety.run('backup');
  const elapsedMs = performance.now() - beforeMs;
  assert.ok(elapsedMs > 2000, `1 MiB took ${elapsedMs} ms`);
  assert.ok(elapsedMs < 20_000, `1 MiB took ${elapsedMs} ms`);
});

test('what an interrupted check of a store has written is removed', async () => {
  using place = makePlace('  vault: { type: archive, store: file:vault, limit: 256KiB/s }\n');
  await place.surety.run('init');
  const before = place.filesOf('vault');
  const child = spawn(SURETY, ['store', 'check', 'vault'], {
    cwd: place.folder,
    env: childEnvironment(),
    stdio: 'ignore',
  });
  // It sends 8 MiB at this rate, so it is under way for half a minute.
  await until(() => place.filesOf('vault').length > before.length || hasEnded(child), 'it writes', { everyMs: 50 });
  child.kill('SIGINT');
  assert.deepEqual([await endOf(child), child.signalCode], [130, null]);
  assert.deepEqual(
    place.filesOf('vault').filter((file) => file.includes('surety-check')),
    [],
  );
});
