import { SuretyError } from '../../base/errors.ts';
import { compareFingerprints } from '../compare-fingerprints.ts';
import type { Fingerprint, SourceFacts, WriteReport } from '../source.ts';
import { COUNTS_ALGORITHM, FULL_ALGORITHM } from './fingerprint.ts';
import { type About, corruptError } from './sqlite-error.ts';
import { runInThread } from './thread.ts';

type Check = WriteReport['checks'][number];

const LEVELS: Readonly<Record<string, 'full' | 'counts'>> = { [FULL_ALGORITHM]: 'full', [COUNTS_ALGORITHM]: 'counts' };

/**
 * Checks a restored file: SQLite's own integrity check, then the comparison with what was recorded at backup time. Throws
 * `source.corrupt` or `target.failed` when the file is not what it should be.
 */
export async function prove(
  about: About,
  path: string,
  facts: SourceFacts | undefined,
  signal: AbortSignal,
): Promise<Check[]> {
  const integrity = await runInThread({ kind: 'check', about, path }, signal);
  if (integrity.findings.length > 0) throw corruptError(about, integrity.findings);
  const detail = integrity.unchecked ?? 'no damage found';
  return [{ what: 'integrity', ok: true, detail }, await compareWithRecord(about, path, facts?.fingerprint, signal)];
}

async function compareWithRecord(
  about: About,
  path: string,
  recorded: Fingerprint | undefined,
  signal: AbortSignal,
): Promise<Check> {
  return await proveContents(about, recorded, (level) => {
    return fingerprintDatabase(path, { level, signal, source: about.source });
  });
}

/** Compares what a restored database contains, as `read` finds it, with what was recorded. Throws `target.failed` when it differs. */
export async function proveContents(
  about: About,
  recorded: Fingerprint | undefined,
  read: (level: 'full' | 'counts') => Promise<Fingerprint>,
): Promise<Check> {
  if (recorded === undefined) return { what: 'fingerprint', ok: true, detail: 'none was recorded' };
  const level = LEVELS[recorded.algorithm];
  const detail = `recorded as ${recorded.algorithm}, which this version does not know`;
  if (level === undefined) return { what: 'fingerprint', ok: true, detail };
  const found = await read(level);
  const comparison = compareFingerprints(recorded, found);
  if (comparison.equal) return { what: 'fingerprint', ok: true, detail: comparison.detail };
  throw new SuretyError(
    'target.failed',
    `the restored database ${about.source} differs from what was recorded: ${comparison.detail}`,
    { hint: 'what was there before is untouched; restore another snapshot', details: { source: about.source } },
  );
}

export interface FingerprintHow {
  /** Default `full`. */
  readonly level?: 'full' | 'counts';
  readonly signal: AbortSignal;
  /** Name for errors; default: the path. */
  readonly source?: string;
}

/** What the database file contains. Nothing may write to it meanwhile. Throws `source.*` errors. */
export async function fingerprintDatabase(path: string, how: FingerprintHow): Promise<Fingerprint> {
  const about: About = { source: how.source ?? path, path };
  const found = await runInThread({ kind: 'fingerprint', about, path, level: how.level ?? 'full' }, how.signal);
  return found!;
}
