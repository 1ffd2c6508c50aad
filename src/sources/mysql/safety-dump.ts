import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { SuretyError, systemCode } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import type { Server } from './client.ts';
import { startDump } from './dump.ts';
import type { Tools } from './tools.ts';

/** Dumps the database into a new file of `folder` that only this user may read; returns its path. It is whole, or there is none. */
export async function safetyDump(
  server: Server,
  tools: Tools,
  database: string,
  folder: string,
  fileName: string,
  signal: AbortSignal,
): Promise<string> {
  const path = join(folder, fileName);
  const all = { ...server, options: { ...server.options, routines: true, events: true, triggers: true } };
  const dump = startDump(all, tools, { database, tables: [], exclude: [] }, signal);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await pipeline(dump.chunks, createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true }), { signal });
    return path;
  } catch (error) {
    await dump.close();
    if (systemCode(error) !== 'EEXIST') await rm(path, { force: true });
    signal.throwIfAborted();
    if (systemCode(error) === undefined) throw error;
    const code = systemCode(error) === 'ENOSPC' ? 'target.full' : 'target.failed';
    throw new SuretyError(
      code,
      `the safety dump of database ${displayName(database)} could not be written to ${path}`,
      {
        hint: 'make room there, or restore without --in-place',
        cause: error,
      },
    );
  }
}
