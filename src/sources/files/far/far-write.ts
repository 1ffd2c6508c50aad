import { SuretyError } from '../../../base/errors.ts';
import type { Reach } from '../../../reach/reach.ts';
import type { RestoredEntry, Restoring, WriteHow, WriteReport } from '../../source.ts';
import type { FilesOptions } from '../options.ts';
import { parseRoots, type Roots } from '../roots.ts';
import { startTally } from '../tally.ts';
import { checkWritten } from './check-written.ts';
import { list } from './listing.ts';
import type { FarHead, ListingParser } from './listing-parser.ts';
import { pathBytes } from './path-bytes.ts';
import { sendable } from './send-content.ts';
import { membersOf } from './sent-members.ts';
import { pathThere, startsOf } from './starts.ts';
import { tarDialect } from './tar-dialect.ts';
import { tarIn } from './tar-in.ts';
import { type Found, type PlannedMember, planWrites } from './write-plan.ts';

export interface FarWriteHow {
  readonly name: string;
  readonly reach: Reach;
  /** The folder in which commands begin; undefined: the one that the host chooses. */
  readonly folder: string | undefined;
  readonly options: FilesOptions;
  /** With a stand-in for the folder in which commands begin there. */
  readonly roots: Roots;
}

/**
 * Restores entries to their original place on another host, in one stream of `tar`. What is there is looked at first, and conflicts are
 * decided before anything is sent; afterwards everything that was sent is looked at.
 *
 * Throws `target.exists`, `target.full` and `target.failed` for the whole, and what the way to the host says.
 */
export async function writeFar(to: FarWriteHow, restoring: Restoring, how: WriteHow): Promise<WriteReport> {
  const entries: RestoredEntry[] = [];
  for await (const batch of restoring.entries()) entries.push(...batch);
  const before = await look(to, entries, how);
  const { head } = before;
  const dialect = tarDialect(head);
  if (dialect === undefined) throw noTar(to);
  const roots = parseRoots(to.name, to.options.paths, head.folder);
  // Progress tells what was sent; what arrived is counted in the end.
  const tally = startTally({ ...how, progress: () => {} });
  const find = finder(to.roots, before);
  const members = planWrites(entries, { source: to.name, roots, how, tally, find });
  if (how.dryRun || members.length === 0) return tally.report();
  const isRoot = head.uid === 0;
  const said: string[] = [];
  const failed = new Set<RestoredEntry>();
  for (const [folder, group] of groups(to, members)) {
    const contents = sendable(dialect.kind === 'busybox' ? foldersTwice(group) : group, {
      restoring,
      how,
      tally,
      failed,
    });
    const tarHow = { source: to.name, reach: to.reach, dialect, folder, cwd: to.folder, isRoot };
    let keepsFolders = how.conflict === 'refuse' || how.conflict === 'skip';
    while (!contents.isDone) {
      const stream = membersOf(contents.next(), { head, isRoot, dialect });
      let broken: RestoredEntry | undefined;
      const isBroken = () => {
        broken ??= contents.takeBroken();
        return broken !== undefined;
      };
      said.push(...(await tarIn(stream, { ...tarHow, keepsFolders, isBroken, signal: how.signal })).said);
      if (broken === undefined) continue;
      keepsFolders = false;
      await remove(to, broken, how);
    }
  }
  const sent = members.filter(({ entry }) => !failed.has(entry));
  const after = finder(
    to.roots,
    await look(
      to,
      sent.map(({ entry }) => entry),
      how,
    ),
  );
  checkWritten(sent, { roots, how, tally, before: find, find: after, said, head, isRoot, dialect });
  return tally.report();
}

/** Some set the time of a directory before they put anything into it. */
function foldersTwice(members: readonly PlannedMember[]): PlannedMember[] {
  return [...members, ...members.filter(({ entry }) => entry.type === 'dir').reverse()];
}

/** Takes away half of a file. */
async function remove({ reach, folder, roots }: FarWriteHow, { path }: RestoredEntry, how: WriteHow): Promise<void> {
  const stdin = pathBytes([pathThere(roots, path)!]);
  const process = reach.exec(['xargs', '-0', 'rm', '-f', '--'], { signal: how.signal, cwd: folder, stdin });
  for await (const _ of process.stdout);
  await process.exit;
}

/** What is at the places of entries. */
async function look(
  { name, reach, folder, options, roots }: FarWriteHow,
  entries: readonly RestoredEntry[],
  { signal }: WriteHow,
): Promise<ListingParser & { readonly head: FarHead }> {
  const starts = startsOf(roots).map((start) => ({ ...start, isListed: false }));
  const named = entries
    .filter(({ path }) => roots.standing(path) === 'other')
    .flatMap(({ path }) => pathThere(roots, path) ?? []);
  const names = pathBytes(named);
  const listed = await list({ source: name, reach, folder, starts, options, prune: [], signal, names }).whole;
  return listed.parser;
}

function finder(roots: Roots, parser: ListingParser): (entryPath: string) => Found | undefined {
  const starts = new Map(startsOf(roots).map(({ entryPath }, index) => [entryPath, index]));
  return (entryPath) => {
    const start = starts.get(entryPath);
    const at = start === undefined ? parser.named.get(pathThere(roots, entryPath) ?? '') : parser.facts[start]?.at;
    if (at === undefined) return undefined;
    const listed = parser.tree.listed(at);
    return { listed, linkTarget: listed.type === 'symlink' ? parser.tree.linkTarget(at) : undefined };
  };
}

/** Absolute and relative ones are unpacked below different folders. */
function groups({ roots }: FarWriteHow, members: readonly PlannedMember[]): Map<string, PlannedMember[]> {
  const found = new Map<string, PlannedMember[]>();
  for (const member of members) {
    const folder = pathThere(roots, member.entry.path)!.startsWith('/') ? '/' : '.';
    const group = found.get(folder);
    if (group === undefined) found.set(folder, [member]);
    else group.push(member);
  }
  return found;
}

function noTar({ name, reach }: FarWriteHow): SuretyError {
  const message = `files of source ${name} can not be written on host ${reach.traits.host}: there is no tar`;
  return new SuretyError('source.tool-missing', message, { hint: 'install tar there' });
}
