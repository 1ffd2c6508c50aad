import { basename, join } from 'node:path';
import { temporaryFolder } from '../../base/environment.ts';
import { SuretyError } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import { openPrivateFolder, type PrivateFolder } from '../../base/private-folder.ts';
import { temporaryFailure } from '../../base/temporary-failure.ts';
import { runTool, toolOutput } from '../tool.ts';
import { checkedDump, incomplete } from './checked-dump.ts';
import { TOC_FILE } from './entry-names.ts';
import { explainer } from './postgres-error.ts';
import { countedBytes, type Restore, runScript } from './restore-context.ts';
import { connectionArgs, programOf, toolEnvironment } from './server.ts';
import type { DatabasePart } from './snapshot-parts.ts';

/** Reads a dump into an empty database, up to the first error. */
export async function fillDatabase(restore: Restore, part: DatabasePart, database: string): Promise<void> {
  const doing = `restore of database ${displayName(part.database)}`;
  if (part.format === 'plain') {
    return await runScript(restore, dumpBytes(restore, part), { database, doing, singleTransaction: false });
  }
  const { server, request, how, recorded } = restore;
  const jobs = server.options.jobs ?? 1;
  const flags = ['--exit-on-error', ...ownerFlags(restore)];
  const run = async (more: readonly string[], stdin?: AsyncIterable<Uint8Array>) => {
    const argv = [programOf(server, 'pg_restore'), ...flags, ...connectionArgs(server, database), ...more];
    const explain = explainer({ server, doing, side: 'target' });
    const input = stdin === undefined ? {} : { stdin };
    await runTool(server.reach, argv, { signal: how.signal, doing, env: toolEnvironment(server), explain, ...input });
  };
  if (recorded?.ownerless === true && request.owner === undefined) flags.push('--no-owner');
  if (part.format === 'custom') return await run([], dumpBytes(restore, part));
  await using folder = await placeFolder(restore, part);
  await run([`--jobs=${jobs}`, folder.path]);
}

function ownerFlags({ request }: Restore): string[] {
  return request.owner === undefined ? [] : ['--no-owner', `--role=${request.owner}`];
}

/** The dump as a script for psql, whatever its format is. */
export async function* scriptOf(restore: Restore, part: DatabasePart): AsyncGenerator<Uint8Array> {
  if (part.format === 'plain') return yield* dumpBytes(restore, part);
  const { server, how } = restore;
  const doing = `restore of database ${displayName(part.database)}`;
  const argv = [programOf(server, 'pg_restore'), '--file=-', ...ownerFlags(restore)];
  const explain = explainer({ server, doing, side: 'target' });
  const tool = { signal: how.signal, doing, env: toolEnvironment(server), explain };
  if (part.format === 'custom') {
    return yield* toolOutput(server.reach, argv, { ...tool, stdin: dumpBytes(restore, part) });
  }
  await using folder = await placeFolder(restore, part);
  yield* toolOutput(server.reach, [...argv, folder.path], tool);
}

function dumpBytes(restore: Restore, { files, database, format }: DatabasePart): AsyncGenerator<Uint8Array> {
  const [file] = files;
  const doing = `restore of database ${displayName(database)}`;
  if (file === undefined) throw incomplete(doing, 'is not in the snapshot');
  const stream = restore.restoring.stream(file, { signal: restore.how.signal });
  const kind = format === 'custom' ? 'postgres-custom' : 'postgres';
  return checkedDump(countedBytes(restore, stream), { kind, doing });
}

/** Brings the files of a directory dump to this machine. */
async function placeFolder(restore: Restore, { files, database }: DatabasePart): Promise<PrivateFolder> {
  const { server, restoring, how, tally } = restore;
  const doing = `restore of database ${displayName(database)}`;
  if (!server.reach.traits.localFiles) {
    throw new SuretyError('target.failed', `${doing}: a dump of format directory can not be sent to another host`, {
      hint: 'restore with client programs on this machine: set server and port, and no host',
    });
  }
  if (!files.some(({ path }) => basename(path) === TOC_FILE)) throw incomplete(doing, `lacks its ${TOC_FILE}`);
  const refuse = (error: unknown): never => {
    throw temporaryFailure(error, { full: 'target.full', failed: 'target.failed' });
  };
  const folder = await openPrivateFolder('postgres', temporaryFolder()).catch(refuse);
  try {
    const placements = files.map((entry) => ({
      entry,
      path: join(folder.path, basename(entry.path)),
      attributes: undefined,
    }));
    for await (const { index, error } of restoring.place(placements, { signal: how.signal })) {
      if (error !== undefined) throw error;
      tally.sizeBytes += files[index]?.sizeBytes ?? 0;
      how.progress?.({ files: tally.files, sizeBytes: tally.sizeBytes });
    }
    return folder;
  } catch (error) {
    await folder[Symbol.asyncDispose]();
    return refuse(error);
  }
}
