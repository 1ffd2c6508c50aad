import fs from 'node:fs';
import { isRoot } from '../../base/environment.ts';
import { messageOf, systemCode } from '../../base/errors.ts';
import { displayName, systemPath } from '../../base/names.ts';
import { getXattr, removeXattr, setPathTimes, setTimes, setXattr } from '../../base/posix.ts';
import type { PlacedAttributes, RestoredEntry, Warning, Xattr } from '../source.ts';

const ACCESS_ACL = 'system.posix_acl_access';
const DEFAULT_ACL = 'system.posix_acl_default';

/** Restores metadata. What can not be set is warned about and never ends a restore. */
export interface Attributes {
  /** What is set on a file while it is open. */
  placed(entry: RestoredEntry): PlacedAttributes;
  /** Sets everything on what is at `path`, which the restore has just made or checked; links are not followed. */
  apply(entry: RestoredEntry, path: string): void;
}

/** `isAbove` tells of which entries nobody expects the owner: the directories above what was backed up. */
export function restoredAttributes(
  warn: (warning: Warning) => void,
  isAbove: (entryPath: string) => boolean,
): Attributes {
  const setter = new Setter(warn, isAbove);
  return { placed: (entry) => setter.placed(entry), apply: (entry, path) => setter.apply(entry, path) };
}

/** Whether what is made in a directory gets an ACL from it. */
export function hasDefaultAcl(directory: string): boolean {
  try {
    return getXattr(directory, DEFAULT_ACL) !== undefined;
  } catch {
    return false;
  }
}

/** Takes off the ACLs that something just made got from its directory. */
export function dropInheritedAcl(path: string): void {
  try {
    for (const name of [ACCESS_ACL, DEFAULT_ACL]) if (getXattr(path, name) !== undefined) removeXattr(path, name);
  } catch {
    // The mode set afterwards limits what such an ACL grants.
  }
}

class Setter {
  readonly #warn: (warning: Warning) => void;
  readonly #isAbove: (entryPath: string) => boolean;
  readonly #owners = isRoot();
  readonly #uid = process.geteuid?.() ?? -1;
  readonly #gid = process.getegid?.() ?? -1;
  /** Warnings that are given once, however many entries they are about. */
  readonly #warned = new Set<string>();

  constructor(warn: (warning: Warning) => void, isAbove: (entryPath: string) => boolean) {
    this.#warn = warn;
    this.#isAbove = isAbove;
  }

  placed(entry: RestoredEntry): PlacedAttributes {
    if (this.#owners) return { owner: { uid: entry.uid, gid: entry.gid }, mode: entry.mode, mtimeNs: entry.mtimeNs };
    this.#noticeOwner(entry);
    return { owner: undefined, mode: this.#safeMode(entry), mtimeNs: entry.mtimeNs };
  }

  #noticeOwner(entry: RestoredEntry): void {
    if (entry.uid === this.#uid && entry.gid === this.#gid) return;
    // A home is below directories of root: a user who restores it elsewhere has lost nothing.
    if (this.#isAbove(entry.path)) return;
    this.#once('owner', entry.path, 'owners are not restored: only root can give files to others');
  }

  /** A file that ran with its owner's rights must not run with those of whoever restores it. */
  #safeMode(entry: RestoredEntry): number {
    const withoutUser = entry.uid === this.#uid ? entry.mode : entry.mode & ~0o4000;
    return entry.gid === this.#gid || entry.type === 'dir' ? withoutUser : withoutUser & ~0o2000;
  }

  apply(entry: RestoredEntry, path: string): void {
    if (entry.type !== 'file' && entry.type !== 'dir') {
      this.#applyAll(entry, path, undefined);
      return;
    }
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_DIRECTORY } = fs.constants;
    let fd: number;
    try {
      // What is open can not be exchanged for a link while its attributes are set.
      const kind = entry.type === 'dir' ? O_DIRECTORY : 0;
      fd = fs.openSync(systemPath(path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | kind);
    } catch (error) {
      this.#say(entry.path, `attributes of ${displayName(path)} can not be set: ${messageOf(error)}`);
      return;
    }
    try {
      this.#applyAll(entry, path, fd);
    } finally {
      fs.closeSync(fd);
    }
  }

  /** Owner first, since a new owner clears set-user-id and capabilities; times last, since the others touch them. */
  #applyAll(entry: RestoredEntry, path: string, fd: number | undefined): void {
    const { owner, mode, mtimeNs } = this.placed(entry);
    const system = systemPath(path);
    if (owner !== undefined)
      this.#try(entry, path, 'owner', () =>
        fd === undefined ? fs.lchownSync(system, owner.uid, owner.gid) : fs.fchownSync(fd, owner.uid, owner.gid),
      );
    // Setting them takes write permission, which the final mode may not give.
    for (const xattr of entry.xattrs) if (xattr.name.startsWith('user.')) this.#setXattr(entry, path, xattr);
    if (entry.type !== 'symlink')
      this.#try(entry, path, 'mode', () => (fd === undefined ? fs.chmodSync(system, mode) : fs.fchmodSync(fd, mode)));
    for (const xattr of entry.xattrs) if (!xattr.name.startsWith('user.')) this.#setXattr(entry, path, xattr);
    this.#try(entry, path, 'time', () => (fd === undefined ? setPathTimes(path, mtimeNs) : setTimes(fd, mtimeNs)));
  }

  #setXattr(entry: RestoredEntry, path: string, xattr: Xattr): void {
    try {
      setXattr(path, xattr.name, xattr.value);
    } catch (error) {
      const code = systemCode(error);
      const shown = displayName(xattr.name);
      // The same for every file: this file system has no such attributes, or this user may not set them.
      if (code === 'ENOTSUP' || code === 'EPERM')
        this.#once(`${shown} ${code}`, entry.path, `attribute ${shown} can not be set: ${messageOf(error)}`);
      else this.#say(entry.path, `attribute ${shown} of ${displayName(path)} can not be set: ${messageOf(error)}`);
    }
  }

  #try(entry: RestoredEntry, path: string, what: string, set: () => void): void {
    try {
      set();
    } catch (error) {
      this.#say(entry.path, `${what} of ${displayName(path)} can not be set: ${messageOf(error)}`);
    }
  }

  #once(key: string, path: string, message: string): void {
    if (this.#warned.has(key)) return;
    this.#warned.add(key);
    this.#say(path, message);
  }

  #say(path: string, message: string): void {
    this.#warn({ code: 'attribute.unwritable', path, message });
  }
}
