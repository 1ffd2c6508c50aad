/** What was done with snapshots to show that they are good. */
import assert from 'node:assert/strict';
import type { Verdict } from './catalog.ts';
import { type CatalogChecks, minute, restored, verified } from './contract-sample.ts';

export const proofChecks: CatalogChecks = {
  async 'verifications, drills and restores come back newest first'(catalog) {
    await catalog.beginRun({ id: 'r1', verb: 'verify', job: '', startedAt: minute(1) });
    await catalog.beginRun({ id: 'r2', verb: 'verify', job: '', startedAt: minute(2) });
    await catalog.recordVerification('r1', verified(1));
    await catalog.recordVerification('r2', verified(2));
    await catalog.recordVerification('r2', verified(3, { repository: 'copy' }));
    const found = await catalog.verifications({ repository: 'vault', limit: 10 });
    assert.deepEqual(found, [
      { runId: 'r2', ...verified(2) },
      { runId: 'r1', ...verified(1) },
    ]);
    const { target: _target, files: _files, failedCount: _failed, ...drill } = restored(4);
    await catalog.recordRestore('r1', restored(1));
    await catalog.recordRestore('r2', restored(2, { error: { code: 'target.full', message: 'no space' } }));
    await catalog.recordDrill('r2', drill);
    const restores = await catalog.restores({ source: 'media', limit: 1 });
    assert.deepEqual(restores, [
      { runId: 'r2', ...restored(2, { error: { code: 'target.full', message: 'no space' } }) },
    ]);
    assert.deepEqual(await catalog.drills({ limit: 10 }), [{ runId: 'r2', ...drill }]);
    assert.deepEqual(await catalog.drills({ source: 'other', limit: 10 }), []);
  },

  async 'the last verdict of each snapshot and depth is kept until the snapshot is gone'(catalog) {
    const verdict = (id: string, at: number, given: Partial<Verdict> = {}): Verdict => {
      return { repository: 'vault', snapshot: id, depth: 'data', at: minute(at), ok: true, message: '', ...given };
    };
    const bad = { ok: false, message: 'its checksum is wrong' };
    await catalog.recordVerdicts([verdict('a', 1), verdict('b', 1), verdict('a', 1, { repository: 'copy' })]);
    await catalog.recordVerdicts([verdict('a', 2, bad), verdict('b', 2, { depth: 'structure' })]);
    assert.deepEqual(await catalog.verdicts({ repository: 'vault' }), [
      verdict('a', 2, bad),
      verdict('b', 1),
      verdict('b', 2, { depth: 'structure' }),
    ]);
    await catalog.removeSnapshots('vault', ['b']);
    assert.equal((await catalog.verdicts({ repository: 'vault' })).length, 3, 'it may stay after all');
    await catalog.removeVerdicts('vault', ['b', 'c']);
    assert.deepEqual(await catalog.verdicts({}), [verdict('a', 1, { repository: 'copy' }), verdict('a', 2, bad)]);
  },
};
