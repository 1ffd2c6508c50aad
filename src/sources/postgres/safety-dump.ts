import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { systemClock, utcStamp } from '../../base/clock.ts';
import { SuretyError, systemCode } from '../../base/errors.ts';
import { randomHex } from '../../base/ids.ts';
import { displayName } from '../../base/names.ts';
import { toolOutput } from '../tool.ts';
import { checkedDump } from './checked-dump.ts';
import { entryNameOf } from './entry-names.ts';
import { explainer } from './postgres-error.ts';
import type { Restore } from './restore-context.ts';
import { connectionArgs, programOf, toolEnvironment } from './server.ts';

/** Dumps the database as it is into a file of this machine that only its owner can read. Returns its path, as a person finds it. */
export async function takeSafetyDump({ server, how }: Restore, database: string): Promise<string> {
  const doing = `safety dump of database ${displayName(database)}`;
  const stamp = utcStamp(systemClock.now());
  const path = join(
    server.safetyFolder,
    `${server.source}-${stamp}-${randomHex(2)}-${entryNameOf(database, 'custom')}`,
  );
  const argv = [programOf(server, 'pg_dump'), '--format=custom', ...connectionArgs(server, database)];
  const explain = explainer({ server, doing, side: 'target' });
  const output = toolOutput(server.reach, argv, { signal: how.signal, doing, env: toolEnvironment(server), explain });
  await mkdir(server.safetyFolder, { recursive: true, mode: 0o700 });
  try {
    const file = createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true });
    await pipeline(checkedDump(output, { kind: 'postgres-custom', doing }), file);
  } catch (error) {
    await rm(path, { force: true });
    if (systemCode(error) !== 'ENOSPC') throw error;
    throw new SuretyError('target.full', `${doing}: no space left for ${path}`, {
      hint: 'make space; nothing was changed',
      cause: error,
    });
  }
  return server.reach.traits.localFiles ? path : `${path} of this machine`;
}
