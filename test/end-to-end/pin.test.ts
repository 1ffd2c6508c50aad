import assert from 'node:assert/strict';
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openLocalStore } from '../../src/stores/local/open.ts';
import { initCheaply } from '../fixtures/cheap-repository.ts';
import { skipWithout } from '../fixtures/programs.ts';
import { makeProject, PASSWORD } from '../fixtures/project.ts';
import type { ResticSnapshot } from '../fixtures/restic.ts';
import { suretyHere } from '../fixtures/surety-here.ts';

interface Listed {
  readonly repositories: readonly {
    readonly repository: string;
    readonly snapshots: readonly {
      readonly id: string;
      readonly recoveryPoint: string;
      readonly pins: readonly { readonly reason: string }[];
    }[];
  }[];
}
interface Cleaned {
  readonly repositories: readonly {
    readonly removed: readonly string[];
    readonly decision: {
      readonly keep: readonly { readonly snapshot: { readonly id: string }; readonly reasons: readonly string[] }[];
    };
  }[];
}

test('a pinned recovery point stays on every machine, in both kinds of repositories, until it is unpinned', {
  skip: skipWithout('restic'),
}, async () => {
  await using project = makeProject({
    keep: { last: 1 },
    repositories: { plain: { type: 'archive', store: 'file:plain' } },
  });
  const { here: surety, folder, environment, restic } = project;
  const machine = (name: string) => suretyHere(folder, { ...environment, XDG_STATE_HOME: join(folder, '.home', name) });
  mkdirSync(project.data);
  {
    await using store = await openLocalStore({ path: project.repository, create: true });
    await initCheaply(store, PASSWORD);
  }
  await surety.run('init');
  for (const content of ['one', 'two', 'three']) {
    writeFileSync(join(project.data, 'file'), content);
    await surety.run('backup');
  }
  const { repositories } = await surety.json<Listed>('list');
  const point = repositories[0]!.snapshots.at(-1)!.recoveryPoint;
  const oldest = repositories.map(({ snapshots }) => snapshots.at(-1)!.id);

  assert.match(
    await surety.run('pin', point, '--for', '90d', '--reason', 'before the migration'),
    /in vault\n.*in plain/,
  );
  const listed = await machine('second').json<Listed>('list');
  assert.deepEqual(
    listed.repositories.map(({ snapshots }) => snapshots.map(({ pins }) => pins.map(({ reason }) => reason))),
    [0, 1].map(() => [[], [], ['before the migration']]),
  );
  assert.match(await surety.run('show', point), /^kept +pinned until .* UTC by .*@.*: before the migration$/m);

  const cleaned = await machine('second').json<Cleaned>('cleanup');
  for (const [at, { removed, decision }] of cleaned.repositories.entries()) {
    assert.equal(removed.length, 1);
    const kept = decision.keep.find(({ snapshot }) => snapshot.id === oldest[at]);
    assert.match(kept?.reasons.join() ?? '', /^pinned until .*: before the migration$/);
  }
  const refused = await surety.attempt('forget', oldest[0]!, '--force');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /nothing was removed: .* is pinned until .*--allow-pinned/s);

  // What restic does with a snapshot gives it another id.
  await restic.run('tag', '--add', 'seen', oldest[0]!);
  await restic.run('check', '--read-data');
  await restic.run('prune');
  const snapshots = await restic.json<ResticSnapshot[]>('snapshots');
  assert.equal(snapshots.length, 2);
  assert.ok(!snapshots.some(({ id }) => id === oldest[0]));
  const third = machine('third');
  assert.deepEqual(
    (await third.json<Cleaned>('cleanup')).repositories.map(({ removed }) => removed),
    [[], []],
  );

  // One that is damaged holds all the same, until somebody takes it away.
  const [file] = globSync('plain/.pins/*/*', { cwd: folder });
  writeFileSync(join(folder, file!), readFileSync(join(folder, file!)).subarray(0, 40));
  assert.deepEqual((await third.json<Cleaned>('cleanup', '--repository', 'plain')).repositories[0]?.removed, []);

  assert.match(await third.run('unpin', point), /not pinned any more .* in vault\n.*in plain/s);
  const gone = await third.json<Cleaned>('cleanup');
  assert.deepEqual(
    gone.repositories.map(({ removed }) => removed.length),
    [1, 1],
  );
  await restic.run('check');
});
