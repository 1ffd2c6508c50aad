import assert from 'node:assert/strict';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, type TestContext, test } from 'node:test';
import { instructionsOf } from '../../../test/fixtures/documented-commands.ts';
import type { Surety } from '../../../test/fixtures/surety.ts';
import { suretyHere } from '../../../test/fixtures/surety-here.ts';
import { openSqliteCatalog } from '../../catalog/sqlite/open.ts';
import type { StatusReport } from '../../operations/status.ts';

const HOUR_MS = 3_600_000;
const PAGE = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'status.md'), 'utf8');
const NAMES = ['database-damaged', 'files-removed', 'server-gone', 'site-gone'];

describe('the scenarios of the documentation', () => {
  const folder = mkdtempSync(join(tmpdir(), 'surety-scenarios-'));
  let surety: Surety;

  before(() => {
    const documented = instructionsOf(PAGE).find(
      ({ name, text }) => name === 'surety.yaml' && /^scenarios:/m.test(text),
    );
    writeFileSync(join(folder, 'surety.yaml'), documented?.text ?? '');
    mkdirSync(join(folder, 'data', 'datasets'), { recursive: true });
    writeFileSync(join(folder, 'data', 'datasets', 'reads'), 'reads '.repeat(10_000));
    using database = new DatabaseSync(join(folder, 'data', 'app.db'));
    database.exec('CREATE TABLE users (name); INSERT INTO users VALUES (1), (2)');
    surety = suretyHere(folder);
  });
  after(() => rmSync(folder, { recursive: true }));

  async function status(t: TestContext, hoursLater = 0) {
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + hoursLater * HOUR_MS });
    const { code, stdout } = await surety.attempt('status', '--json');
    const text = (await surety.attempt('status')).stdout;
    t.mock.timers.reset();
    const report: StatusReport = JSON.parse(stdout);
    const verdicts = report.scenarios.map(({ verdict }) => verdict);
    return { code, text, report, verdicts, states: verdicts.map(({ state }) => state) };
  }

  test('have the targets of the table: 1 h and 24 h, 2 h and 7 days, 4 h and 24 h, 8 h and 24 h', async (t) => {
    const { report } = await status(t);
    assert.deepEqual(
      report.scenarios.map(({ name, rtoMs = 0, rpoMs = 0 }) => [name, rtoMs / HOUR_MS, rpoMs / HOUR_MS]),
      [
        [NAMES[0], 1, 24],
        [NAMES[1], 2, 168],
        [NAMES[2], 4, 24],
        [NAMES[3], 8, 24],
      ],
    );
  });

  test('are missed while there is no backup, and not known until a restore was measured', async (t) => {
    assert.deepEqual((await status(t)).states, ['late', 'late', 'late', 'late']);
    await surety.run('init');
    await surety.run('backup');
    const backedUp = await status(t);
    assert.deepEqual(
      backedUp.states,
      Array.from({ length: 4 }, () => 'not measured'),
    );
    // It was never restored, and prove_every wants it.
    assert.equal(backedUp.code, 3);
    assert.match(
      backedUp.text,
      /^proof due {2}database: none of its backups was ever restored whole, and that is wanted every 90d/m,
    );
  });

  test('what was restored from one repository says nothing of a restore from another', async (t) => {
    await surety.run('restore', 'latest', '--repository', 'nas', '--target', join(folder, 'from-nas'));
    assert.deepEqual((await status(t)).states, ['ok', 'ok', 'ok', 'not measured']);
    await surety.run('restore', 'latest', '--repository', 'away', '--target', join(folder, 'from-away'));
    const { code, states, verdicts, report } = await status(t);
    assert.deepEqual([code, states], [0, ['ok', 'ok', 'ok', 'ok']]);
    for (const { lostMs, expectedMs } of verdicts) assert.ok((lostMs ?? 0) > 0 && (expectedMs ?? 0) > 0);
    const alone = report.sources.map(({ restoreTime }) => restoreTime?.expectedMs ?? 0);
    assert.equal(
      verdicts[2]?.expectedMs,
      alone.reduce((sum, ms) => sum + ms, 0),
    );
  });

  test('are missed as backups grow old, each at its time, and a proof is due after a quarter', async (t) => {
    const day = await status(t, 25);
    assert.deepEqual([day.code, day.states], [3, ['late', 'ok', 'late', 'late']]);
    assert.match(
      day.text,
      /^missed {2}site-gone: the newest good backup of files is 1d 01h old, and at most 1d of work may be lost$/m,
    );
    assert.match(day.text, /3 of 4 scenarios miss the target/);
    assert.deepEqual((await status(t, 169)).states, ['late', 'late', 'late', 'late']);
    const dueAfter = async (days: number) => {
      const { report } = await status(t, days * 24);
      return report.sources.map(({ verdict }) => verdict.reasons.some(({ code }) => code === 'proof-due'));
    };
    assert.deepEqual(
      [await dueAfter(89), await dueAfter(91)],
      [
        [false, false],
        [true, true],
      ],
    );
  });

  test('are missed by restores that took too long', async (t) => {
    const [file = ''] = globSync('.home/state/surety/*/catalog.db', { cwd: folder });
    {
      await using catalog = openSqliteCatalog({ path: join(folder, file) });
      const [last] = await catalog.restores({ source: 'database', limit: 1 });
      if (last === undefined) throw new Error('no restore was recorded');
      const startedAt = new Date(last.endedAt.getTime() - 3 * HOUR_MS);
      await catalog.beginRun({ id: 'slow', verb: 'restore', job: '', startedAt });
      await catalog.recordRestore('slow', { ...last, startedAt });
    }
    const { code, states, text } = await status(t);
    assert.deepEqual([code, states], [3, ['too slow', 'ok', 'ok', 'ok']]);
    assert.match(
      text,
      /^missed {2}database-damaged: getting everything back takes about 3h 00m by what was measured, and it may take 1h$/m,
    );
    const { stdout } = await surety.attempt('status', '--source', 'files', '--json');
    assert.deepEqual(JSON.parse(stdout).scenarios, [], 'of one source nobody can tell');
  });
});
