import { formatBytes } from '../../base/bytes.ts';
import type { CommandLine } from '../../base/command-line.ts';
import { SuretyError } from '../../base/errors.ts';
import { framed, framedCommand, UNFRAMES } from '../../base/framed-input.ts';
import { displayName } from '../../base/names.ts';
import { runCommand } from '../run-command.ts';
import { RESERVED_NAME, type RestoredEntry, type Restoring, type WriteHow, type WriteReport } from '../source.ts';
import type { CommandSource } from './command-source.ts';

const NOTHING: WriteReport = {
  ...{ files: 0, dirs: 0, others: 0, sizeBytes: 0, skipped: 0, unchanged: 0 },
  ...{ failed: [], plan: [], checks: [], notes: [] },
};

/** Runs the restore command with the stored content, which is read and verified once before. Nothing is written to a path here. */
export async function writeCommand(source: CommandSource, restoring: Restoring, how: WriteHow): Promise<WriteReport> {
  how.signal.throwIfAborted();
  const { restore } = source;
  if (restore === undefined) throw noCommand(source);
  if (how.target !== undefined) throw intoFolder(source);
  expectPlain(source, how);
  const [entry, ...others] = await filesOf(restoring);
  if (entry === undefined) return NOTHING;
  if (others.length > 0) throw severalFiles(source, others.length + 1);
  if (how.dryRun) return { ...NOTHING, files: 1, plan: [{ path: entry.path, action: 'overwrite' }] };
  const sizeBytes = await verify(restoring, entry, how);
  const input = countedInput(restoring, entry, how);
  await feed(source, restore, input.chunks, how);
  // What was on its way counts as taken, so only a large rest shows.
  if (input.sizeBytes() < sizeBytes) {
    const message = `the restore command ended well, but took only ${formatBytes(input.sizeBytes())} of ${formatBytes(sizeBytes)}`;
    how.warn({ code: 'entry.skipped', path: entry.path, message });
  }
  how.progress?.({ files: 1, sizeBytes });
  const done = { what: `restore command of source ${source.name}`, ok: true, detail: 'ended with exit code 0' };
  return { ...NOTHING, files: 1, sizeBytes, checks: [done] };
}

async function filesOf(restoring: Restoring): Promise<RestoredEntry[]> {
  const files: RestoredEntry[] = [];
  for await (const batch of restoring.entries()) {
    files.push(...batch.filter(({ type, path }) => type === 'file' && path !== RESERVED_NAME));
  }
  return files;
}

/** A command that got half of its input has already changed something: damage must show before it is started. */
async function verify(restoring: Restoring, entry: RestoredEntry, { signal }: WriteHow): Promise<number> {
  let sizeBytes = 0;
  for await (const chunk of restoring.stream(entry, { signal })) {
    signal.throwIfAborted();
    sizeBytes += chunk.length;
  }
  return sizeBytes;
}

/** Where a shell there can see to that, the command is killed when its input breaks off: it must not take half of it for the whole. */
async function feed(
  source: CommandSource,
  command: CommandLine,
  stdin: AsyncIterable<Uint8Array>,
  { signal }: WriteHow,
): Promise<void> {
  const how = source.how('restore command', signal);
  const { code } = await source.reach.exec(UNFRAMES, { signal }).exit;
  signal.throwIfAborted();
  if (code === 0) await runCommand(command, { ...how, stdin: framed(stdin), wrap: framedCommand });
  else await runCommand(command, { ...how, stdin });
}

function countedInput(restoring: Restoring, entry: RestoredEntry, how: WriteHow) {
  let sizeBytes = 0;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for await (const chunk of restoring.stream(entry, { signal: how.signal })) {
      sizeBytes += chunk.length;
      yield chunk;
      how.progress?.({ files: 0, sizeBytes });
    }
  }
  return { chunks: chunks(), sizeBytes: () => sizeBytes };
}

function expectPlain(source: CommandSource, { server }: WriteHow): void {
  const asked = server?.as ?? server?.tables ?? server?.schemas ?? server?.owner;
  if (asked === undefined) return;
  throw new SuretyError('target.failed', `source ${source.name} is restored by a command, which has no such option`, {
    hint: 'leave the option out, or restore the file with --target DIR',
  });
}

function noCommand({ name, fileName }: CommandSource): SuretyError {
  return new SuretyError('target.failed', `source ${name} has no restore command, so it can not be restored in place`, {
    hint: `restore with --target DIR, which writes ${displayName(fileName)} there, or add restore to the source`,
    details: { source: name },
  });
}

function intoFolder({ name }: CommandSource): SuretyError {
  return new SuretyError('target.failed', `the restore command of source ${name} does not write to a folder`);
}

function severalFiles({ name }: CommandSource, files: number): SuretyError {
  const message = `the snapshot has ${files} files, and the restore command of source ${name} takes one`;
  return new SuretyError('target.failed', message, { hint: 'restore them with --target DIR' });
}
