import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { compose } from '../../src/daemon/compose.ts';
import { makeProject } from '../fixtures/project.ts';

interface Cleaned {
  readonly repositories: readonly {
    readonly removed: readonly string[];
    readonly decision: {
      readonly keep: readonly { readonly snapshot: { readonly id: string }; readonly reasons: readonly string[] }[];
      readonly remove: readonly { readonly snapshot: { readonly id: string }; readonly reasons: readonly string[] }[];
      readonly refusedSeries: readonly { readonly code: string }[];
    };
  }[];
}

test('what another process restores from stays, and backups that are too old let nothing go unless that is allowed', async () => {
  await using project = makeProject({ keep: { last: 1 } });
  const { here: surety, folder } = project;
  mkdirSync(project.data);
  await surety.run('init');
  for (const content of ['one', 'two', 'three']) {
    writeFileSync(join(project.data, 'file'), content);
    await surety.run('backup');
  }
  const file = join(folder, 'surety.yaml');
  const signal = new AbortController().signal;
  Object.assign(process.env, project.environment, { XDG_STATE_HOME: join(folder, '.home', 'state') });
  let oldest = '';
  {
    await using platform = await compose({ configFile: file, clock: systemClock, warn: () => {} });
    const engine = await platform.repositories()[0]!.open({ signal });
    const { snapshots } = await engine.list({ signal });
    oldest = snapshots[0]!.id;
    await using _ = await engine.restore(snapshots[0]!, { signal });
    const dry = await surety.json<Cleaned>('cleanup', '--dry-run');
    const kept = dry.repositories[0]?.decision.keep.find(({ snapshot }) => snapshot.id === oldest);
    assert.deepEqual(kept?.reasons, ['being restored']);
    const forgotten = await surety.attempt('forget', oldest, '--force');
    assert.match(forgotten.stderr, /is being restored/);
  }

  const guarded = readFileSync(file, 'utf8').replace('"last": 1', '"last": 1 }, "guard": { "newest_within": "1ms"');
  writeFileSync(file, guarded);
  const refused = await surety.attempt('cleanup', '--json');
  assert.equal(refused.code, 3, refused.stdout);
  const [cleaned] = (JSON.parse(refused.stdout) as Cleaned).repositories;
  assert.deepEqual([cleaned?.removed, cleaned?.decision.refusedSeries[0]?.code], [[], 'newest-is-old']);
  assert.ok(cleaned?.decision.keep.every(({ reasons }) => reasons[0]?.startsWith('nothing is removed: ')));
  const allowed = await surety.json<Cleaned>('cleanup', '--allow-old');
  assert.equal(allowed.repositories[0]?.removed.length, 2);
  assert.deepEqual(allowed.repositories[0]?.decision.remove[1]?.reasons, ['not among the last 1']);
});
