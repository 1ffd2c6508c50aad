/** Decides what of a snapshot goes to another host, from what is there now. */
import { hasCode, messageOf, type SuretyError } from '../../../base/errors.ts';
import { RESERVED_NAME, type RestoredEntry, type WriteHow } from '../../source.ts';
import { type Action, decideOn } from '../conflict.ts';
import { linkRegistry } from '../links.ts';
import { isBelow, type Roots } from '../roots.ts';
import type { Tally } from '../tally.ts';
import { checkNames, folderInTheWay, unplaced } from '../target.ts';
import type { Listed } from './listed-tree.ts';

/** One entry that is to be sent. */
export interface PlannedMember {
  readonly entry: RestoredEntry;
  /** Entry path of the first name of a file that this is another name of. */
  readonly linkTo: string | undefined;
  /** Whether something is there that this takes the place of. */
  readonly replaces: boolean;
}

export interface WritePlanHow {
  readonly source: string;
  readonly roots: Roots;
  readonly how: WriteHow;
  readonly tally: Tally;
  /** What is there at an entry path; of roots and what is above them, what links lead to. */
  readonly find: (entryPath: string) => Found | undefined;
}

export interface Found {
  readonly listed: Listed;
  readonly linkTarget: string | undefined;
}

/** Throws `target.exists` where the policy is to refuse and something is there: before anything is sent. */
export function planWrites(entries: readonly RestoredEntry[], to: WritePlanHow): PlannedMember[] {
  const planner = new Planner(to);
  for (const entry of entries) planner.add(entry);
  return planner.members;
}

class Planner {
  readonly members: PlannedMember[] = [];
  readonly #to: WritePlanHow;
  readonly #links = linkRegistry();
  /** Directories that nothing can be put into; they are reported with all that is in them. */
  readonly #blocked = new Set<string>();

  constructor(to: WritePlanHow) {
    this.#to = to;
  }

  add(entry: RestoredEntry): void {
    if (entry.path === RESERVED_NAME) return;
    const place = this.#place(entry);
    if (place === undefined || this.#isBlocked(entry.path)) return;
    const found = this.#to.find(entry.path);
    if (entry.type === 'dir') this.#addFolder(entry, place, found);
    else if (entry.type === 'socket') this.#to.tally.skipSocket(place);
    else this.#addOther(entry, place, found);
  }

  /** The path for people. */
  #place(entry: RestoredEntry): string | undefined {
    const { roots, source, tally } = this.#to;
    try {
      checkNames(entry.path);
      const place = roots.locate(entry.path);
      if (place === undefined) throw unplaced(source, entry.path);
      return place;
    } catch (error) {
      tally.fail(entry, error as SuretyError);
      this.#blocked.add(entry.path);
      return undefined;
    }
  }

  /** A snapshot need not have entries for what is above: also that must be a directory. */
  #isBlocked(entryPath: string): boolean {
    if (this.#blocked.size > 0 && [...this.#blocked].some((path) => isBelow(entryPath, path))) return true;
    const above = entryPath.slice(0, Math.max(0, entryPath.lastIndexOf('/')));
    const found = above === '' ? undefined : this.#to.find(above);
    if (found === undefined || found.listed.type === 'dir') return false;
    this.#block(above, found);
    return true;
  }

  #block(entryPath: string, { listed }: Found): void {
    this.#blocked.add(entryPath);
    const { roots, tally } = this.#to;
    const place = roots.locate(entryPath) ?? entryPath;
    tally.fail({ path: entryPath }, folderInTheWay(place, listed.type === 'symlink'));
  }

  #addFolder(entry: RestoredEntry, place: string, found: Found | undefined): void {
    const { roots, how } = this.#to;
    if (found === undefined) this.#send(entry, 'create', place);
    else if (found.listed.type !== 'dir') this.#block(entry.path, found);
    else if (roots.standing(entry.path) !== 'above') {
      // What exists keeps its attributes unless the person said that it is to be overwritten.
      const conflict = how.conflict === 'refuse' ? 'skip' : how.conflict;
      if (this.#decide(entry, place, found, conflict) === 'overwrite') this.#send(entry, 'overwrite', place);
    }
  }

  #addOther(entry: RestoredEntry, place: string, found: Found | undefined): void {
    const { tally, how } = this.#to;
    const action = found === undefined ? 'create' : this.#decide(entry, place, found, how.conflict);
    if (action === 'unchanged') tally.count('unchanged', entry.sizeBytes);
    else if (action === 'skip') {
      if (how.dryRun) tally.plan(place, action);
      tally.count('skipped');
    } else if (action !== undefined) this.#send(entry, action, place);
  }

  #decide(entry: RestoredEntry, place: string, found: Found, conflict: WriteHow['conflict']): Action | undefined {
    const { tally } = this.#to;
    const existing = { isDirectory: found.listed.type === 'dir', mtimeNs: found.listed.mtimeNs };
    try {
      return decideOn(entry, place, conflict, { ...existing, isUnchanged: () => looksSame(entry, found) });
    } catch (error) {
      if (conflict === 'refuse' && hasCode(error, 'target.exists')) throw error;
      tally.fail(entry, error instanceof Error ? error : new Error(messageOf(error)));
      return undefined;
    }
  }

  #send(entry: RestoredEntry, action: 'create' | 'overwrite', place: string): void {
    const { tally, how } = this.#to;
    const link = this.#links.register(entry, entry.path);
    const linkTo = link === undefined || link.first ? undefined : link.origin.path;
    if (how.dryRun) {
      tally.plan(place, action);
      const kind = entry.type === 'dir' ? 'dirs' : entry.type === 'file' ? 'files' : 'others';
      tally.count(kind, linkTo === undefined ? entry.sizeBytes : 0);
    } else this.members.push({ entry, linkTo, replaces: action === 'overwrite' });
  }
}

/**
 * Type, size, time, mode and owner. What has attributes of its own is sent again: those that are there are not known. Of files with several
 * names nobody can tell from one of them whether they belong together.
 */
function looksSame(entry: RestoredEntry, { listed, linkTarget }: Found): boolean {
  if (entry.type !== listed.type || entry.mtimeNs !== listed.mtimeNs || entry.xattrs.length > 0) return false;
  if (entry.uid !== listed.uid || entry.gid !== listed.gid) return false;
  if (entry.type === 'symlink') return entry.linkTarget === linkTarget;
  if (entry.mode !== listed.mode) return false;
  if (entry.type === 'dir') return true;
  return entry.type === 'file' && entry.links === 1 && listed.links === 1 && entry.sizeBytes === listed.sizeBytes;
}
