import { SuretyError } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import { compareFingerprints } from '../compare-fingerprints.ts';
import type { Fingerprint, WriteReport } from '../source.ts';
import { fingerprintOf, prefixOf } from './facts.ts';
import { fingerprintAll, isKnownAlgorithm } from './fingerprint.ts';
import type { Restore } from './restore-context.ts';
import { openSession } from './session.ts';
import type { DatabasePart } from './snapshot-parts.ts';

type Check = WriteReport['checks'][number];

/** Compares what is now in `database` with what was recorded of the one in the snapshot. */
export async function compareWithRecord(restore: Restore, part: DatabasePart, database: string): Promise<Check> {
  const { restoring, recorded, server, how, tally } = restore;
  const what = `fingerprint of ${displayName(part.database)}`;
  const whole = restoring.facts?.fingerprint;
  if (whole === undefined || recorded === undefined) return { what, ok: true, detail: 'none was recorded' };
  if (!isKnownAlgorithm(whole.algorithm)) {
    return { what, ok: true, detail: `recorded as ${whole.algorithm}, which this version does not know` };
  }
  const expected = fingerprintOf(whole, prefixOf(part.database, recorded.prefixed));
  const doing = `comparison of database ${displayName(part.database)}`;
  await using session = await openSession(server, database, { signal: how.signal, doing, side: 'target' });
  const comparison = compareFingerprints(
    expected,
    withoutBare(expected, await fingerprintAll(session, whole.algorithm, '')),
  );
  tally.notes.push(...comparison.notes);
  return { what, ok: comparison.equal, detail: comparison.detail };
}

/** A dump has tables without their rows where a standby could not read them: nobody expects anything in these. */
function withoutBare(expected: Fingerprint, found: Fingerprint): Fingerprint {
  const names = new Set(expected.tables.map(({ name }) => name));
  return { ...found, tables: found.tables.filter(({ name, rows }) => rows > 0 || names.has(name)) };
}

/** The same, throwing `target.failed` when they differ. `left` says what that leaves behind. */
export async function prove(restore: Restore, part: DatabasePart, database: string, left: string): Promise<void> {
  const check = await compareWithRecord(restore, part, database);
  if (!check.ok) {
    throw new SuretyError(
      'target.failed',
      `the restored database ${displayName(part.database)} differs from what was recorded: ${check.detail}`,
      {
        hint: left,
        details: { source: restore.server.source, database: part.database },
      },
    );
  }
  restore.tally.checks.push(check);
}
