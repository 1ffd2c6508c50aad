/**
 * The C library, loaded through koffi at the first call and once per thread. This file and `base/posix.ts` are the only
 * places that know about it. Without it (no prebuilt koffi for this machine, native addons switched off, not Linux)
 * everything still runs with what Node itself has; {@link libcProblem} says why.
 */
import { createRequire } from 'node:module';
import { getSystemErrorMap } from 'node:util';
import { messageOf } from '../errors.ts';
import { displayName, encodeName } from '../names.ts';

/** A path for a C function: a string where that is exact, else its bytes with the final NUL. */
export type CPath = string | Uint8Array;

/** The bound functions. Numbers that may exceed 2^53 come back as bigint. */
export interface Libc {
  llistxattr(path: CPath, list: Uint8Array | null, sizeBytes: number): number;
  lgetxattr(path: CPath, name: CPath, value: Uint8Array | null, sizeBytes: number): number;
  lsetxattr(path: CPath, name: CPath, value: Uint8Array, sizeBytes: number, flags: number): number;
  lremovexattr(path: CPath, name: CPath): number;
  utimensat(dirfd: number, path: CPath, times: BigInt64Array, flags: number): number;
  futimens(fd: number, times: BigInt64Array): number;
  mkfifo(path: CPath, mode: number): number;
  mknod: ((path: CPath, mode: number, device: bigint) => number) | undefined;
  lseek(fd: number, offset: number, whence: number): number | bigint;
  posix_fadvise: ((fd: number, offset: number, length: number, advice: number) => number) | undefined;
  getpwuid_r: AccountLookup;
  getgrgid_r: AccountLookup;
  /** Text of the pointer that begins an account record filled by `getpwuid_r` or `getgrgid_r`. */
  firstText(record: Uint8Array): string;
  errno(): number;
}

type AccountLookup = (id: number, record: Uint8Array, text: Uint8Array, sizeBytes: number, found: Uint8Array) => number;

let loaded: { readonly libc: Libc | undefined; readonly problem: string | undefined } | undefined;

/** The C library, or undefined when it can not be had here. */
export function libc(): Libc | undefined {
  loaded ??= load();
  return loaded.libc;
}

/** Why {@link libc} is undefined; undefined when it is there. */
export function libcProblem(): string | undefined {
  loaded ??= load();
  return loaded.problem;
}

function load(): { readonly libc: Libc | undefined; readonly problem: string | undefined } {
  if (process.platform !== 'linux') return { libc: undefined, problem: `not supported on ${process.platform}` };
  try {
    return { libc: bind(createRequire(import.meta.url)('koffi') as typeof import('koffi')), problem: undefined };
  } catch (error) {
    return { libc: undefined, problem: messageOf(error).split('\n')[0] ?? 'unknown' };
  }
}

function bind(koffi: typeof import('koffi')): Libc {
  // Node is linked with the C library, so the process itself has the symbols, whatever the library's file is called.
  const library = koffi.load(null);
  const f = (prototype: string) => library.func(prototype);
  const account = 'uint32_t id, void *record, void *text, size_t size, void *found)';
  return {
    llistxattr: f('int64_t llistxattr(const char *path, void *list, size_t size)'),
    lgetxattr: f('int64_t lgetxattr(const char *path, const char *name, void *value, size_t size)'),
    lsetxattr: f('int lsetxattr(const char *path, const char *name, const void *value, size_t size, int flags)'),
    lremovexattr: f('int lremovexattr(const char *path, const char *name)'),
    utimensat: f('int utimensat(int dirfd, const char *path, const void *times, int flags)'),
    futimens: f('int futimens(int fd, const void *times)'),
    mkfifo: f('int mkfifo(const char *path, uint32_t mode)'),
    // A glibc before 2.33 has it as an inline function only.
    mknod: optional(() => f('int mknod(const char *path, uint32_t mode, uint64_t device)')),
    lseek: f('int64_t lseek(int fd, int64_t offset, int whence)'),
    posix_fadvise: optional(() => f('int posix_fadvise(int fd, int64_t offset, int64_t length, int advice)')),
    getpwuid_r: f(`int getpwuid_r(${account}`),
    getgrgid_r: f(`int getgrgid_r(${account}`),
    firstText: (record) => String(koffi.decode(record, 'const char *')),
    errno: () => koffi.errno(),
  } as Libc;
}

function optional<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}

/** What to pass to a C function for a path or name that `base/names.ts` decoded. Throws EINVAL for an embedded NUL. */
export function cPath(path: string): CPath {
  if (path.includes('\0')) throw systemError('EINVAL', 'invalid argument', 'path', path);
  return path.isWellFormed() ? path : Buffer.concat([encodeName(path), Buffer.of(0)]);
}

/** The error for the `errno` that a call has just left behind, in the shape of Node's own system errors. */
export function errnoError(library: Libc, syscall: string, path: string | undefined): NodeJS.ErrnoException {
  const errno = library.errno();
  const [code, text] = getSystemErrorMap().get(-errno) ?? [`E${errno}`, `error ${errno}`];
  return systemError(code, text, syscall, path, errno);
}

function systemError(code: string, text: string, syscall: string, path: string | undefined, errno?: number) {
  const where = path === undefined ? '' : ` '${displayName(path)}'`;
  const error: NodeJS.ErrnoException = new Error(`${code}: ${text}, ${syscall}${where}`);
  error.code = code;
  error.syscall = syscall;
  if (errno !== undefined) error.errno = -errno;
  if (path !== undefined) error.path = path;
  return error;
}
