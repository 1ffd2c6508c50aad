/** Fills the folder of a new copy. */
import { lstatSync } from 'node:fs';
import { hasCode, SuretyError } from '../../../base/errors.ts';
import { randomHex } from '../../../base/ids.ts';
import { displayName, systemPath } from '../../../base/names.ts';
import type { Reach } from '../../../reach/reach.ts';
import type { Entry } from '../../../sources/source.ts';
import { type KnownFile, knownFile, looksSame, type Update, type UpdateHow } from '../place.ts';
import { measureFiles } from './commands.ts';
import { carry, commonBase, compareFiles, hasRsync, type RsyncHow, type RsyncPlace } from './rsync.ts';
import type { FolderSetup } from './setup.ts';
import { writeTree } from './write-tree.ts';

export interface Filled {
  readonly files: ReadonlyMap<string, KnownFile>;
  readonly writtenBytes: number;
  readonly unchanged: number;
  /** Paths of files that could not be read, and were warned of. */
  readonly unread: readonly string[];
  /** Set where `rsync` brought attributes from a host. */
  readonly areXattrsThere?: boolean;
}

/** By `rsync` where it can read the tree by itself, else by what the reading hands out. */
export async function fill(update: Update, made: string, setup: FolderSetup, how: UpdateHow): Promise<Filled> {
  const byRsync = await carried(update, made, setup, how);
  if (byRsync !== undefined) return byRsync;
  const { reach, root, filesIn, local, upload } = setup;
  if (!reach.traits.localFiles) {
    throw new SuretyError('repository.cannot', `source files of another host can not be mirrored to ${root}`, {
      hint: 'mirror them to a folder of this machine, or run Surety where they are; `rsync` is needed on both sides',
    });
  }
  await using writer = await filesIn(`${root}/${made}`);
  const baseFolder = update.base && `${root}/${update.base.copy}`;
  const { writtenBytes, hashes, gone, unread } = await writeTree(writer, update, baseFolder, { ...how, upload });
  const filled = await measured(update, `${root}/${made}`, { writtenBytes, absent: gone }, local, how);
  for (const [path, sha256] of hashes) {
    if (filled.files.get(path)?.sha256 === sha256) continue;
    throw differs(path, `${root}/${made}`);
  }
  return { ...filled, unread };
}

async function carried(update: Update, made: string, setup: FolderSetup, how: UpdateHow): Promise<Filled | undefined> {
  const { reading, entries, base } = update;
  const { reach, local, root } = setup;
  const { tree } = reading;
  const folder = tree && commonBase(tree, entries);
  const isBetweenHosts = tree?.shell !== undefined && !reach.traits.localFiles;
  if (tree === undefined || folder === undefined || isBetweenHosts || !(await hasRsync(local, how.signal))) {
    return undefined;
  }
  if (tree.shell === undefined && entries.some((entry) => isLinkToFolder(folder, entry))) return undefined;
  const from: RsyncPlace = { shell: tree.shell, path: folder };
  const to: RsyncPlace = { shell: reach.shell, path: `${root}/${made}` };
  const { signal, warn, progress } = how;
  const rsync: RsyncHow = { local, signal, warn, progress, bytesPerSecond: setup.upload() };
  const baseFolder = base && `${root}/${base.copy}`;
  const brought = await carry(entries, { from, to, base: baseFolder }, rsync).catch((error: unknown) => {
    // What the reading hands out takes longer, and is the same.
    if (tree.shell !== undefined && hasCode(error, 'repository.no-rsync')) return undefined;
    throw error;
  });
  if (brought === undefined) return undefined;
  const absent = withOtherNames(entries, brought.leftOut);
  const filled = await measured(update, to.path, { writtenBytes: brought.writtenBytes, absent }, reach, how);
  expectAll(entries, filled.files, absent, to.path);
  const unread = new Set(withOtherNames(entries, brought.unread));
  const places = { from, to };
  const sample = sampled(entries, filled.files, how.sample);
  const found = await compareFiles(sample, places, rsync);
  const mended = found.length === 0 ? undefined : await mend(update, sample, places, { ...setup, rsync, how });
  for (const path of mended?.unread ?? []) unread.add(path);
  const differing = found.filter((path) => !unread.has(path));
  const files = new Map([...filled.files, ...(mended?.files ?? [])]);
  if (mended !== undefined && differing.length > 0) {
    const left = (await compareFiles(sample, places, rsync)).filter((path) => !unread.has(path));
    const [path = ''] = [...left, ...differing];
    const message = left.length > 0 ? CHANGING : UNLIKE;
    warn({ code: 'entry.changed', path, message: `${displayName(path)} ${message}` });
  }
  const result = { ...filled, files, unread: [...unread], unchanged: filled.unchanged - differing.length };
  return { ...result, areXattrsThere: tree.shell !== undefined };
}

const CHANGING = 'changed while it was copied';
const UNLIKE =
  'was not what its source is, though size and time are the same: it was copied again; surety backup --read-all copies all again';

interface Mending {
  readonly reach: Reach;
  readonly rsync: RsyncHow;
  readonly how: UpdateHow;
}

/** What is changed behind its size and time, in the source or on the disk of the mirror, is known by its content only. */
async function mend(
  update: Update,
  entries: readonly Entry[],
  { from, to }: { readonly from: RsyncPlace; readonly to: RsyncPlace },
  { reach, rsync, how }: Mending,
): Promise<Pick<Filled, 'files' | 'unread'>> {
  const again = new Set(entries);
  // Directories in which a file is replaced get their times back.
  const all = update.entries.filter((entry) => entry.type === 'dir' || again.has(entry));
  const { writtenBytes, unread } = await carry(all, { from, to, base: undefined }, { ...rsync, byContent: true });
  const whole = { ...update, entries, base: undefined };
  // What can not be read now was there before.
  return { ...(await measured(whole, to.path, { writtenBytes, absent: [] }, reach, how)), unread };
}

/** Of a file with several names `rsync` speaks once. */
function withOtherNames(entries: readonly Entry[], paths: readonly string[]): readonly string[] {
  if (paths.length === 0) return paths;
  const named = new Set(paths);
  const fileOf = ({ device, inode }: Entry) => `${device} ${inode}`;
  const linked = entries.filter(({ type, links }) => type === 'file' && links > 1);
  const files = new Set(linked.filter(({ path }) => named.has(path)).map(fileOf));
  for (const entry of linked) if (files.has(fileOf(entry))) named.add(entry.path);
  return [...named];
}

/** What is not there without a word would be lost without one. */
function expectAll(entries: readonly Entry[], files: Filled['files'], absent: readonly string[], folder: string): void {
  const named = new Set(absent);
  const missing = entries.filter(({ type, path }) => type === 'file' && !files.has(path) && !named.has(path));
  if (missing[0] === undefined) return;
  const example = displayName(missing[0].path);
  throw new SuretyError(
    'repository.failed',
    `rsync left out ${missing.length} files of ${folder}, such as ${example}`,
    {
      hint: 'look whether something changes the mirror while it is made',
    },
  );
}

/** A configured path may be a link to a folder: its entry is the folder. */
function isLinkToFolder(base: string, entry: Entry): boolean {
  if (entry.type !== 'dir') return false;
  return lstatSync(systemPath(`${base}/${entry.path}`), { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

/** Sizes and hashes of what is there now. What is the same as in the base was read when that was made. */
async function measured(
  { entries, base }: Update,
  folder: string,
  { writtenBytes, absent }: { readonly writtenBytes: number; readonly absent: Iterable<string> },
  reach: Reach,
  how: UpdateHow,
): Promise<Omit<Filled, 'unread'>> {
  const files = new Map<string, KnownFile>();
  const fresh: Entry[] = [];
  const notThere = new Set(absent);
  let unchanged = 0;
  for (const entry of entries) {
    if (entry.type !== 'file' || notThere.has(entry.path)) continue;
    const known = base?.files.get(entry.path);
    if (looksSame(entry, known) && known.sha256 !== '') {
      files.set(entry.path, known);
      unchanged += 1;
    } else fresh.push(entry);
  }
  let at = 0;
  for await (const found of measureFiles(reach, folder, fresh, { signal: how.signal, hash: true })) {
    const entry = fresh[at++]!;
    if (found === undefined) continue;
    if (entry.sizeBytes >= 0 && found.sizeBytes !== entry.sizeBytes) {
      how.warn({ code: 'entry.changed', path: entry.path, message: `${entry.path} changed while it was copied` });
    }
    files.set(entry.path, knownFile(entry, { sizeBytes: found.sizeBytes, sha256: found.sha256 ?? '' }));
  }
  return { files, writtenBytes, unchanged };
}

/** Some of the files, each with the same probability: `count` of all there are. */
export function sampled(entries: readonly Entry[], files: ReadonlyMap<string, KnownFile>, count: number): Entry[] {
  const all = entries.filter(({ type, path }) => type === 'file' && files.has(path));
  if (all.length <= count) return all;
  const chosen = new Set<number>();
  while (chosen.size < count) chosen.add(Number.parseInt(randomHex(6), 16) % all.length);
  return [...chosen].sort((left, right) => left - right).map((index) => all[index]!);
}

function differs(path: string, folder: string): SuretyError {
  return new SuretyError('repository.damaged', `${path} in ${folder} is not what was written`, {
    hint: 'check the disk of the mirror: what is read from it differs from what was written to it',
  });
}
