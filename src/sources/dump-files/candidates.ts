/** Finds the files of a folder that may be dumps. */
import { accessSync, constants, globSync, lstatSync, statSync } from 'node:fs';
import nodePath from 'node:path';
import { messageOf, SuretyError, systemCode } from '../../base/errors.ts';
import type { Candidate } from './candidate.ts';
import type { DumpFolder } from './dump-folder.ts';

/** Endings of files that a program is still writing, and renames when they are whole. */
export const UNFINISHED_ENDINGS: readonly string[] = ['.part', '.partial', '.tmp', '.temp', '.filepart', '~'];

export function isUnfinishedName(name: string): boolean {
  return UNFINISHED_ENDINGS.some((ending) => name.endsWith(ending));
}

/** The newest first; of several names of one file, one. Throws `source.missing` or `source.unreadable`. */
export function findCandidates(dumps: DumpFolder): Candidate[] {
  expectFolder(dumps);
  const names = new Set(globSync([...dumps.options.patterns], { cwd: dumps.folder }));
  const found = [...names].flatMap((name) => {
    if (isUnfinishedName(name)) return [];
    const path = nodePath.join(dumps.folder, name);
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
    const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
    return stats?.isFile() === true ? [{ name, path, stats, isLink }] : [];
  });
  return inOrder(dumps, found);
}

/** What was found, in the order in which it is looked at. Throws `source.missing` where that is nothing. */
export function inOrder(dumps: DumpFolder, found: readonly Candidate[]): Candidate[] {
  if (found.length === 0) throw noDump(dumps);
  return oncePerFile(found).sort(newestFirst);
}

function expectFolder({ name, folder }: DumpFolder): void {
  const problem = (code: string, message: string, cause?: unknown) => folderProblem(name, folder, code, message, cause);
  try {
    if (!statSync(folder).isDirectory()) throw problem('source.missing', 'is not a folder');
    accessSync(folder, constants.R_OK | constants.X_OK);
  } catch (error) {
    if (error instanceof SuretyError) throw error;
    const isMissing = ['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '');
    throw isMissing
      ? problem('source.missing', 'does not exist', error)
      : problem('source.unreadable', `can not be read: ${messageOf(error)}`, error);
  }
}

/** `folder` as a person is to know it. */
export function folderProblem(
  source: string,
  folder: string,
  code: string,
  message: string,
  cause?: unknown,
): SuretyError {
  return new SuretyError(code, `folder ${folder} of source ${source} ${message}`, {
    hint: 'check the path, and that its file system is mounted',
    cause,
    details: { source, path: folder },
  });
}

function noDump({ name, place, options }: DumpFolder): SuretyError {
  const what = options.patterns.join(', ');
  return new SuretyError('source.missing', `folder ${place} of source ${name} has no file that matches ${what}`, {
    hint: 'check that the other system still makes its dumps, and that pattern fits their names',
    details: { source: name, path: place },
  });
}

/** A link such as `latest.sql.gz` is not one more dump; the name of the file itself counts. */
function oncePerFile(found: readonly Candidate[]): Candidate[] {
  const byFile = new Map<string, Candidate>();
  for (const candidate of found) {
    const id = `${candidate.stats.dev}:${candidate.stats.ino}`;
    const twin = byFile.get(id);
    if (twin === undefined || (twin.isLink && !candidate.isLink)) byFile.set(id, candidate);
  }
  return [...byFile.values()];
}

/** Of the same time, the last by name: names often have a time in them. */
function newestFirst(left: Candidate, right: Candidate): number {
  if (left.stats.mtimeNs !== right.stats.mtimeNs) return left.stats.mtimeNs > right.stats.mtimeNs ? -1 : 1;
  return left.name > right.name ? -1 : 1;
}
