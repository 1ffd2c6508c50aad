/** What a database on another host contains: read there, so that the rows do not travel, where a program there can do that. */
import { SuretyError } from '../../../base/errors.ts';
import type { Fingerprint, TableFingerprint } from '../../source.ts';
import type { ToolHow } from '../../tool.ts';
import { COUNTS_ALGORITHM, FULL_ALGORITHM } from '../fingerprint.ts';
import { runPython } from './copy.ts';
import { aboutFar, databaseUri, explainFar, type FarDatabase } from './database.ts';
import { fingerprintOfRows } from './rows.ts';
import type { FarTools } from './tools.ts';

export interface FarFingerprintHow {
  readonly level: 'full' | 'counts';
  readonly signal: AbortSignal;
}

/** Of a file that nobody writes to; the same as of the same file on this machine. */
export async function fingerprintThere(
  database: FarDatabase,
  tools: FarTools,
  path: string,
  { level, signal }: FarFingerprintHow,
): Promise<Fingerprint> {
  const doing = `fingerprint of database ${database.source}`;
  const how: ToolHow = { signal, doing, explain: explainFar(aboutFar(database, path), doing) };
  const uri = databaseUri(path, 'immutable=1');
  const algorithm = level === 'full' ? FULL_ALGORITHM : COUNTS_ALGORITHM;
  if (tools.python === undefined)
    return { algorithm, tables: await fingerprintOfRows(database, tools, uri, level, how) };
  const said = await runPython(database, 'fingerprint', [uri, level], how);
  const tables = /^tables (.*)$/m.exec(said)?.[1];
  if (tables === undefined) throw new SuretyError('source.failed', `${doing}: python3 did not answer`);
  return { algorithm, tables: JSON.parse(tables) as TableFingerprint[] };
}
