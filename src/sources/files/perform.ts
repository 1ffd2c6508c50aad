import fs from 'node:fs';
import nodePath from 'node:path';
import { messageOf, SuretyError, systemCode } from '../../base/errors.ts';
import { randomHex } from '../../base/ids.ts';
import { displayName, encodeName, systemPath } from '../../base/names.ts';
import { makeDevice, makeFifo } from '../../base/posix.ts';
import type { Placement, RestoredEntry, Restoring, WriteHow } from '../source.ts';
import { type Attributes, dropInheritedAcl } from './attributes.ts';
import type { Batch, Folder, Step } from './batch.ts';
import { look } from './entry.ts';
import type { Tally } from './tally.ts';
import { inTheWay, wholeFailure } from './target.ts';

export interface PerformHow {
  readonly restoring: Restoring;
  readonly attributes: Attributes;
  readonly tally: Tally;
  readonly how: WriteHow;
}

/**
 * Carries out one batch. What replaces something is made beside it under a temporary name and renamed over it, so that
 * the old or the new is there at any moment. Throws when the whole restore can not go on.
 */
export async function perform(batch: Batch, to: PerformHow): Promise<void> {
  await using performer = new Performer(to);
  for (const folder of batch.folders) performer.makeFolder(folder);
  await performer.placeFiles(batch.files);
  for (const step of batch.others) performer.makeOther(step);
  const again = batch.links.filter((step) => !performer.link(step));
  await performer.placeFiles(again);
  for (const folder of batch.finished) performer.finish(folder);
}

class Performer implements AsyncDisposable {
  readonly #to: PerformHow;
  /** Made and not renamed yet. */
  readonly #temporary = new Set<string>();

  constructor(to: PerformHow) {
    this.#to = to;
  }

  makeFolder(folder: Folder): void {
    if (folder.parent?.state === 'blocked') {
      folder.state = 'blocked';
      return;
    }
    try {
      // Nobody else gets in before it is complete and has its own mode.
      fs.mkdirSync(systemPath(folder.path), { mode: 0o700 });
      if (folder.parent?.acl) dropInheritedAcl(folder.path);
    } catch (error) {
      const exists = systemCode(error) === 'EEXIST';
      if (exists && look(folder.path)?.isDirectory()) return;
      folder.state = 'blocked';
      this.#fail({ path: folder.entryPath }, folder.path, exists ? inTheWay(folder.path) : error);
    }
  }

  /** Has the content of files placed, then their attributes set and their names given. */
  async placeFiles(steps: readonly Step[]): Promise<void> {
    const { restoring, how } = this.#to;
    const open: Step[] = [];
    for (const step of steps) {
      if (step.parent.state !== 'blocked') open.push(step);
      else giveUpOrigin(step);
    }
    if (open.length === 0) return;
    const placements = open.map((step) => this.#placement(step));
    for await (const { index, error, unattributed } of restoring.place(placements, { signal: how.signal })) {
      const step = open[index]!;
      const { path, attributes } = placements[index]!;
      const setAttributes = attributes === undefined || unattributed === true;
      if (error === undefined) this.#attempt(step, () => this.#settle(step, path, setAttributes));
      else this.#failStep(step, error);
    }
    how.signal.throwIfAborted();
  }

  #placement(step: Step): Placement {
    const { entry } = step;
    // Attributes that need more than an open file are set here, after the content is complete.
    const later = entry.xattrs.length > 0 || step.parent.acl;
    return { entry, path: this.#pathFor(step), attributes: later ? undefined : this.#to.attributes.placed(entry) };
  }

  /** Where something is made: in its place, or beside it. */
  #pathFor(step: Step): string {
    if (!step.replaces) return step.path;
    const path = `${nodePath.posix.dirname(step.path)}/.surety-${randomHex(8)}`;
    this.#temporary.add(path);
    return path;
  }

  #settle(step: Step, path: string, setAttributes: boolean): void {
    if (setAttributes) {
      if (step.parent.acl) dropInheritedAcl(path);
      this.#to.attributes.apply(step.entry, path);
    }
    this.#rename(step, path);
    this.#to.tally.count('files', step.entry.sizeBytes);
  }

  #rename(step: Step, path: string): void {
    if (path === step.path) return;
    fs.renameSync(systemPath(path), systemPath(step.path));
    // Renaming one name of a file over another name of it does nothing.
    fs.rmSync(systemPath(path), { force: true });
    this.#temporary.delete(path);
  }

  makeOther(step: Step): void {
    if (step.parent.state === 'blocked') return;
    this.#attempt(step, () => {
      const path = this.#pathFor(step);
      makeSpecial(step.entry, path);
      if (step.parent.acl && step.entry.type !== 'symlink') dropInheritedAcl(path);
      this.#to.attributes.apply(step.entry, path);
      this.#rename(step, path);
      this.#to.tally.count('others');
    });
  }

  /** Gives a file another name. False when that can not be done, so that the name needs content of its own. */
  link(step: Step & { readonly origin: { readonly path: string; readonly failed: boolean } }): boolean {
    if (step.parent.state === 'blocked') return true;
    if (step.origin.failed) return false;
    const path = this.#pathFor(step);
    try {
      fs.linkSync(systemPath(step.origin.path), systemPath(path));
    } catch (error) {
      this.#temporary.delete(path);
      // Among others: too many links, a file system without links, a rule against links to files of others.
      if (systemCode(error) !== 'EEXIST') return false;
      this.#failStep(step, error);
      return true;
    }
    this.#attempt(step, () => {
      this.#rename(step, path);
      this.#to.tally.count('files');
    });
    return true;
  }

  finish(folder: Folder): void {
    if (folder.entry !== undefined && folder.state !== 'blocked') this.#to.attributes.apply(folder.entry, folder.path);
  }

  #attempt(step: Step, act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#failStep(step, error);
    }
  }

  #failStep(step: Step, error: unknown): void {
    giveUpOrigin(step);
    this.#fail(step.entry, step.path, error);
  }

  #fail(entry: Pick<RestoredEntry, 'path'>, path: string, error: unknown): void {
    const whole = wholeFailure(error, path);
    if (whole !== undefined) throw whole;
    this.#to.tally.fail(entry, error instanceof SuretyError ? error : singleFailure(error, path));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const path of this.#temporary) fs.rmSync(systemPath(path), { force: true });
  }
}

/** Nothing may be linked to a name that did not get its content: who knows what is there. */
function giveUpOrigin(step: Step): void {
  if (step.origin?.path === step.path) step.origin.failed = true;
}

function singleFailure(error: unknown, path: string): SuretyError {
  const message = `${displayName(path)} can not be restored: ${messageOf(error)}`;
  return new SuretyError(systemCode(error) === 'EEXIST' ? 'target.exists' : 'target.failed', message, { cause: error });
}

function makeSpecial(entry: RestoredEntry, path: string): void {
  if (entry.type === 'symlink') fs.symlinkSync(encodeName(entry.linkTarget ?? ''), systemPath(path));
  else if (entry.type === 'fifo') makeFifo(path, 0o600);
  else if (entry.type === 'chardev') makeDevice(path, 'char', 0o600, entry.deviceNumber ?? 0n);
  else if (entry.type === 'dev') makeDevice(path, 'block', 0o600, entry.deviceNumber ?? 0n);
  else throw new SuretyError('target.failed', `${displayName(path)} is of an unknown type`);
}
