import { messageOf, systemCode } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import { getXattr, listXattrs, posixProblem } from '../../base/posix.ts';
import type { Warning, Xattr } from '../source.ts';

/** The extended attributes of what is at a path. */
export type XattrReader = (entryPath: string, path: string) => readonly Xattr[];

const NONE: readonly Xattr[] = [];

/** A reader for one run: that attributes can not be read at all on this machine is said once. */
export function xattrReader(warn: (warning: Warning) => void): XattrReader {
  const problem = posixProblem();
  if (problem === undefined) return (entryPath, path) => readXattrs(entryPath, path, warn);
  let warned = false;
  return (entryPath) => {
    if (!warned) warn(unreadable(entryPath, `extended attributes and ACLs can not be read here: ${problem}`));
    warned = true;
    return NONE;
  };
}

function readXattrs(entryPath: string, path: string, warn: (warning: Warning) => void): readonly Xattr[] {
  try {
    const names = listXattrs(path);
    if (names.length === 0) return NONE;
    const found: Xattr[] = [];
    for (const name of names.sort()) {
      const value = getXattr(path, name);
      if (value !== undefined) found.push({ name, value });
    }
    return found;
  } catch (error) {
    // A file that is gone is reported by whoever reads its content.
    if (systemCode(error) !== 'ENOENT')
      warn(unreadable(entryPath, `attributes of ${displayName(path)} can not be read: ${messageOf(error)}`));
    return NONE;
  }
}

function unreadable(path: string, message: string): Warning {
  return { code: 'attribute.unreadable', path, message };
}
