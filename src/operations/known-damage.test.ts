import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Verdict } from '../catalog/catalog.ts';
import { openSqliteCatalog } from '../catalog/sqlite/open.ts';
import { knownDamage } from './known-damage.ts';

test('what reading found damaged stays so after a look at the structure, until it is read again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'surety-damage-'));
  try {
    await using catalog = openSqliteCatalog({ path: join(folder, 'catalog.db') });
    const found = async (minute: number, depth: Verdict['depth'], ok: boolean) => {
      const at = new Date(Date.UTC(2026, 10, 20, 3, minute));
      await catalog.recordVerdicts([{ repository: 'plain', snapshot: 'a', depth, at, ok, message: '' }]);
      return (await knownDamage(catalog, ['plain']))('plain', 'a');
    };
    assert.equal(await found(1, 'structure', false), true);
    assert.equal(await found(2, 'data', false), true);
    assert.equal(await found(3, 'structure', true), true);
    assert.equal(await found(4, 'data', true), false);
    assert.equal((await knownDamage(undefined, ['plain']))('plain', 'a'), false);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
