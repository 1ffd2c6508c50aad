import { basename, join } from 'node:path';
import { displayName } from '../../base/names.ts';
import { temporaryFailure } from '../../base/temporary-failure.ts';
import { runTool, toolOutput } from '../tool.ts';
import { checkedDump, incomplete } from './checked-dump.ts';
import { type DumpFolder, openDumpFolder } from './dump-folder.ts';
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

/** Brings the files of a directory dump to where the programs are. */
async function placeFolder(restore: Restore, { files, database }: DatabasePart): Promise<DumpFolder> {
  const { server, how } = restore;
  const doing = `restore of database ${displayName(database)}`;
  if (!files.some(({ path }) => basename(path) === TOC_FILE)) throw incomplete(doing, `lacks its ${TOC_FILE}`);
  await using opening = new AsyncDisposableStack();
  const folder = opening.use(await openDumpFolder(server, { signal: how.signal, doing, side: 'target' }));
  await (folder.isHere ? placeFiles(restore, files, folder) : sendFiles(restore, files, folder));
  opening.move();
  return folder;
}

async function placeFiles(restore: Restore, files: DatabasePart['files'], folder: DumpFolder): Promise<void> {
  const { restoring, how, tally } = restore;
  const placements = files.map((entry) => ({
    entry,
    path: join(folder.path, basename(entry.path)),
    attributes: undefined,
  }));
  try {
    for await (const { index, error } of restoring.place(placements, { signal: how.signal })) {
      if (error !== undefined) throw error;
      tally.sizeBytes += files[index]?.sizeBytes ?? 0;
      how.progress?.({ files: tally.files, sizeBytes: tally.sizeBytes });
    }
  } catch (error) {
    throw temporaryFailure(error, { full: 'target.full', failed: 'target.failed' });
  }
}

async function sendFiles(restore: Restore, files: DatabasePart['files'], folder: DumpFolder): Promise<void> {
  const { restoring, how } = restore;
  for (const entry of files) {
    const chunks = restoring.stream(entry, { signal: how.signal });
    await folder.put(basename(entry.path), countedBytes(restore, chunks));
  }
}
