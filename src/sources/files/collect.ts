import { hasCode, messageOf, type SuretyError } from '../../base/errors.ts';
import { PLACE_FILES, RESERVED_NAME, type RestoredEntry, type WriteHow } from '../source.ts';
import { hasDefaultAcl } from './attributes.ts';
import { type Batch, emptyBatch, type Folder, type Step } from './batch.ts';
import { type Action, decide } from './conflict.ts';
import { throughLinks } from './entry.ts';
import { type LinkRegistry, linkRegistry } from './links.ts';
import { isBelow } from './roots.ts';
import type { Tally } from './tally.ts';
import { inTheWay, type Target } from './target.ts';
import { isUnchangedFolder } from './unchanged.ts';

/** Turns entries into what is to be done, decides conflicts, and keeps only what is not done yet. */
export interface Collector {
  add(entry: RestoredEntry): void;
  /** Whether it is time to {@link take}. */
  full(): boolean;
  /** What is to be done since the last call. */
  take(): Batch;
  /** Ends the collection: the remaining directories are complete. */
  close(): void;
}

export function collector(target: Target, tally: Tally, how: WriteHow): Collector {
  return new DepthFirstCollector(target, tally, how);
}

class DepthFirstCollector implements Collector {
  readonly #target: Target;
  readonly #tally: Tally;
  readonly #how: WriteHow;
  readonly #links: LinkRegistry = linkRegistry();
  /** The directories from the top to where the entries are now. */
  readonly #stack: Folder[];
  #batch: Batch = emptyBatch();

  constructor(target: Target, tally: Tally, how: WriteHow) {
    this.#target = target;
    this.#tally = tally;
    this.#how = how;
    const { base, empty } = target;
    const acl = !how.dryRun && hasDefaultAcl(base);
    this.#stack = [{ entryPath: '', path: base, entry: undefined, parent: undefined, state: 'existing', empty, acl }];
  }

  full(): boolean {
    const { files, folders, others, links, finished } = this.#batch;
    return (
      files.length >= PLACE_FILES || folders.length + others.length + links.length + finished.length >= PLACE_FILES
    );
  }

  take(): Batch {
    const batch = this.#batch;
    this.#batch = emptyBatch();
    return batch;
  }

  close(): void {
    while (this.#stack.length > 1) this.#leave();
  }

  add(entry: RestoredEntry): void {
    if (entry.path === RESERVED_NAME) return;
    let path: string;
    try {
      path = this.#target.locate(entry.path);
    } catch (error) {
      this.#tally.fail(entry, error as SuretyError);
      return;
    }
    const parent = this.#goTo(entry.path.slice(0, Math.max(0, entry.path.lastIndexOf('/'))));
    // The directory was reported with all that is in it.
    if (parent.state === 'blocked') return;
    if (entry.type === 'dir') this.#enter(entry.path, path, parent, entry);
    else this.#addStep(entry, path, parent);
  }

  /** Leaves and enters directories until the one at `entryPath` is the innermost; a snapshot may lack entries for some. */
  #goTo(entryPath: string): Folder {
    let top = this.#stack.at(-1)!;
    while (top.entryPath !== entryPath && !isBelow(entryPath, top.entryPath)) top = this.#leave();
    while (top.entryPath !== entryPath && top.state !== 'blocked') {
      const from = top.entryPath === '' ? 0 : top.entryPath.length + 1;
      const slash = entryPath.indexOf('/', from);
      const next = slash < 0 ? entryPath : entryPath.slice(0, slash);
      top = this.#enter(next, this.#target.locate(next), top, undefined);
    }
    return top;
  }

  #leave(): Folder {
    const left = this.#stack.pop()!;
    if (left.entry !== undefined && !this.#how.dryRun) this.#batch.finished.push(left);
    return this.#stack.at(-1)!;
  }

  #enter(entryPath: string, path: string, parent: Folder, entry: RestoredEntry | undefined): Folder {
    const found = parent.empty ? 'absent' : this.#target.stateOf(entryPath, path);
    const folder: Folder = { entryPath, path, entry: undefined, parent, state: 'new', empty: true, acl: false };
    this.#stack.push(folder);
    if (found === 'blocked') {
      folder.state = 'blocked';
      this.#tally.fail({ path: entryPath }, inTheWay(path));
    } else if (found === 'directory') this.#adopt(folder, entry);
    else this.#create(folder, entry);
    return folder;
  }

  #create(folder: Folder, entry: RestoredEntry | undefined): void {
    folder.entry = entry;
    this.#tally.count('dirs');
    if (this.#how.dryRun) this.#tally.plan(folder.path, 'create');
    else this.#batch.folders.push(folder);
  }

  #adopt(folder: Folder, entry: RestoredEntry | undefined): void {
    folder.state = 'existing';
    folder.empty = false;
    if (this.#target.follows(folder.entryPath)) folder.path = throughLinks(folder.path);
    folder.acl = !this.#how.dryRun && hasDefaultAcl(folder.path);
    if (entry === undefined || this.#target.isAbove(folder.entryPath)) return;
    // What exists keeps its attributes unless the person said that it is to be overwritten.
    if (decide(entry, folder.path, this.#how.conflict === 'refuse' ? 'skip' : this.#how.conflict) !== 'overwrite')
      return;
    folder.entry = entry;
    this.#tally.count('dirs');
    if (!this.#how.dryRun) return;
    const stays = this.#how.conflict === 'changed' && isUnchangedFolder(entry, folder.path);
    if (!stays) this.#tally.plan(folder.path, 'overwrite');
  }

  #addStep(entry: RestoredEntry, path: string, parent: Folder): void {
    if (entry.type === 'socket') {
      this.#tally.skipSocket(path);
      return;
    }
    const place = this.#target.follows(entry.path) ? throughLinks(path) : path;
    const action = this.#decide(entry, place, parent);
    if (action === undefined) return;
    if (action === 'unchanged') {
      this.#tally.count('unchanged', entry.sizeBytes);
      return;
    }
    if (this.#how.dryRun) this.#tally.plan(place, action);
    if (action === 'skip') this.#tally.count('skipped');
    else this.#schedule({ entry, path: place, parent, replaces: action === 'overwrite', origin: undefined });
  }

  #decide(entry: RestoredEntry, path: string, parent: Folder): Action | undefined {
    if (parent.empty) return 'create';
    try {
      return decide(entry, path, this.#how.conflict);
    } catch (error) {
      if (this.#how.conflict === 'refuse' && hasCode(error, 'target.exists')) throw error;
      this.#tally.fail(entry, error instanceof Error ? error : new Error(messageOf(error)));
      return undefined;
    }
  }

  #schedule(step: Step): void {
    const { entry } = step;
    const link = this.#links.register(entry, step.path);
    if (this.#how.dryRun)
      this.#tally.count(entry.type === 'file' ? 'files' : 'others', link?.first === false ? 0 : entry.sizeBytes);
    else if (link?.first === false) this.#batch.links.push({ ...step, origin: link.origin });
    else if (entry.type === 'file') this.#batch.files.push({ ...step, origin: link?.origin });
    else this.#batch.others.push(step);
  }
}
