/**
 * What POSIX has and `node:fs` lacks: extended attributes, nanosecond times, fifos and device nodes, holes of sparse
 * files. Names are as `base/names.ts` decodes them, symbolic links are never followed, and failures are errors with a
 * system `code` like those of `node:fs`. Cheap to import; works in worker threads.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { systemCode } from './errors.ts';
import { decodeName, systemPath } from './names.ts';
import { cPath, errnoError, type Libc, libc, libcProblem } from './posix/libc.ts';

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const UTIME_OMIT = 0x3ffffffen;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;
const S_IFCHR = 0o020000;
const S_IFBLK = 0o060000;
const NS_PER_S = 1_000_000_000n;

/** Why only Node's own means are available (no attributes, times to the microsecond), or undefined when all is well. */
export function posixProblem(): string | undefined {
  return libcProblem();
}

/** Two timespecs: access time (left as it is) and modification time. One per thread, since calls are synchronous. */
const timespecs = new BigInt64Array([0n, UTIME_OMIT, 0n, 0n]);

function modified(mtimeNs: bigint): BigInt64Array {
  const rest = mtimeNs % NS_PER_S;
  const nanoseconds = rest < 0n ? rest + NS_PER_S : rest;
  timespecs[2] = (mtimeNs - nanoseconds) / NS_PER_S;
  timespecs[3] = nanoseconds;
  return timespecs;
}

/** Sets the modification time of an open file, in nanoseconds since 1970. */
export function setTimes(fd: number, mtimeNs: bigint): void {
  const library = libc();
  if (library === undefined) fs.futimesSync(fd, Number(mtimeNs) / 1e9, Number(mtimeNs) / 1e9);
  else if (library.futimens(fd, modified(mtimeNs)) !== 0) throw errnoError(library, 'futimens', undefined);
}

/** Sets the modification time of what is at `path`, of a symbolic link itself, in nanoseconds since 1970. */
export function setPathTimes(path: string, mtimeNs: bigint): void {
  const library = libc();
  if (library === undefined) fs.lutimesSync(systemPath(path), Number(mtimeNs) / 1e9, Number(mtimeNs) / 1e9);
  else if (library.utimensat(AT_FDCWD, cPath(path), modified(mtimeNs), AT_SYMLINK_NOFOLLOW) !== 0)
    throw errnoError(library, 'utimensat', path);
}

/** Large enough for what one file of the usual Linux file systems holds; longer answers are asked for again. */
const scratch = Buffer.alloc(65_536);

/** Calls `ask` with a buffer that is large enough for its answer. */
function answer(
  ask: (buffer: Uint8Array | null, sizeBytes: number) => number,
  fail: () => NodeJS.ErrnoException,
): Buffer {
  let buffer = scratch;
  for (;;) {
    const length = ask(buffer, buffer.length);
    if (length >= 0) return buffer.subarray(0, length);
    const error = fail();
    if (error.code !== 'ERANGE') throw error;
    const needed = ask(null, 0);
    if (needed < 0) throw fail();
    buffer = Buffer.alloc(Math.max(needed, 1) * 2);
  }
}

/** Names of the extended attributes of `path`; none where the file system has no attributes. */
export function listXattrs(path: string): string[] {
  const library = libc();
  if (library === undefined) return [];
  const target = cPath(path);
  const list = (buffer: Uint8Array | null, sizeBytes: number) => library.llistxattr(target, buffer, sizeBytes);
  try {
    const bytes = answer(list, () => errnoError(library, 'llistxattr', path));
    return bytes.length === 0 ? [] : decodeName(bytes.subarray(0, -1)).split('\0');
  } catch (error) {
    if (systemCode(error) === 'ENOTSUP' || systemCode(error) === 'EOPNOTSUPP') return [];
    throw error;
  }
}

/** The value of one extended attribute; undefined when it has gone. */
export function getXattr(path: string, name: string): Buffer | undefined {
  const library = libc();
  if (library === undefined) return undefined;
  const [target, attribute] = [cPath(path), cPath(name)];
  const get = (buffer: Uint8Array | null, size: number) => library.lgetxattr(target, attribute, buffer, size);
  try {
    return Buffer.from(answer(get, () => errnoError(library, 'lgetxattr', path)));
  } catch (error) {
    if (systemCode(error) === 'ENODATA') return undefined;
    throw error;
  }
}

/** Sets one extended attribute (an ACL is `system.posix_acl_access`). Throws ENOTSUP where there is no support for it. */
export function setXattr(path: string, name: string, value: Uint8Array): void {
  const library = required('lsetxattr');
  if (library.lsetxattr(cPath(path), cPath(name), value, value.length, 0) !== 0)
    throw errnoError(library, 'lsetxattr', path);
}

/** Removes one extended attribute; nothing happens when there is none. */
export function removeXattr(path: string, name: string): void {
  const library = required('lremovexattr');
  if (library.lremovexattr(cPath(path), cPath(name)) === 0) return;
  const error = errnoError(library, 'lremovexattr', path);
  if (error.code !== 'ENODATA') throw error;
}

function required(syscall: string): Libc {
  const library = libc();
  if (library !== undefined) return library;
  const error: NodeJS.ErrnoException = new Error(`ENOTSUP: ${libcProblem()}, ${syscall}`);
  error.code = 'ENOTSUP';
  throw error;
}

/** Makes a fifo. Throws EEXIST when something is there. */
export function makeFifo(path: string, mode: number): void {
  const library = libc();
  if (library === undefined) makeNodeWithProgram(path, mode, ['p']);
  else if (library.mkfifo(cPath(path), mode & 0o7777) !== 0) throw errnoError(library, 'mkfifo', path);
}

/** Makes a device node; `device` is its number as `st_rdev` has it. Needs root. Throws EEXIST when something is there. */
export function makeDevice(path: string, kind: 'char' | 'block', mode: number, device: bigint): void {
  const library = libc();
  if (library?.mknod !== undefined) {
    const type = kind === 'char' ? S_IFCHR : S_IFBLK;
    if (library.mknod(cPath(path), type | (mode & 0o7777), device) !== 0) throw errnoError(library, 'mknod', path);
    return;
  }
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n);
  const minor = (device & 0xffn) | ((device >> 12n) & 0xffffff00n);
  makeNodeWithProgram(path, mode, [kind === 'char' ? 'c' : 'b', String(major), String(minor)]);
}

function makeNodeWithProgram(path: string, mode: number, type: readonly string[]): void {
  // The program takes its name from argv, which Node only accepts as a string.
  const code = path.isWellFormed() ? 'EIO' : 'EILSEQ';
  const octal = (mode & 0o7777).toString(8);
  const done =
    code === 'EIO' ? spawnSync('mknod', ['-m', octal, '--', path, ...type], { encoding: 'utf8' }) : undefined;
  if (done?.status === 0) return;
  const reason = done?.error?.message ?? done?.stderr.trim() ?? 'name is not UTF-8';
  const error: NodeJS.ErrnoException = new Error(`${code}: ${reason}, mknod`);
  error.code = reason.includes('exists') ? 'EEXIST' : code;
  throw error;
}

/**
 * Where the next data of an open file begins at or after `offset`: the end of its hole. -1 when only a hole follows.
 * Moves the file's position; read with explicit positions. Where holes can not be seen all is data.
 */
export function nextData(fd: number, offset: number): number {
  return seek(fd, offset, SEEK_DATA) ?? offset;
}

/** Where the next hole of an open file begins at or after `offset`; its size when no hole follows. -1 past the end. */
export function nextHole(fd: number, offset: number): number {
  return seek(fd, offset, SEEK_HOLE) ?? fs.fstatSync(fd).size;
}

/** The kernel's number for "will be needed". */
const WILL_NEED = 3;

/** Has the system begin to read a part of an open file into memory, without waiting for it. A hint: nothing depends on it. */
export function readAhead(fd: number, offset: number, sizeBytes: number): void {
  libc()?.posix_fadvise?.(fd, offset, sizeBytes, WILL_NEED);
}

function seek(fd: number, offset: number, whence: number): number | undefined {
  const library = libc();
  if (library === undefined) return undefined;
  const at = Number(library.lseek(fd, offset, whence));
  if (at >= 0) return at;
  const error = errnoError(library, 'lseek', undefined);
  if (error.code === 'ENXIO') return -1;
  if (error.code === 'EINVAL') return undefined;
  throw error;
}

/** The name of a user or group by the system's own lookup (files, LDAP, …); '' when unknown. */
export function accountName(kind: 'user' | 'group', id: number): string {
  const library = libc();
  if (library === undefined) return '';
  const [record, found] = [Buffer.alloc(128), Buffer.alloc(8)];
  const lookUp = kind === 'user' ? library.getpwuid_r : library.getgrgid_r;
  const failed = lookUp(id, record, scratch, scratch.length, found) !== 0 || found.every((byte) => byte === 0);
  return failed ? '' : library.firstText(record);
}
