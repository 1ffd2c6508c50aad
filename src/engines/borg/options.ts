import * as z from 'zod';
import { durationValue, type SecretSpec, secretValue } from '../../base/option-values.ts';

/** How a `borg` repository is written and read, without where it is. */
export interface BorgOptions {
  /** Undefined: it has none, or an empty one. */
  readonly password: SecretSpec | undefined;
  readonly encryption: BorgEncryption;
  /** As `borg create --compression` takes it. */
  readonly compression: string;
  /** The program `borg` on this machine. */
  readonly program: string;
  /** The program on the other host, where the repository is on one. */
  readonly remotePath: string | undefined;
  readonly lockWaitMs: number;
  /** Folder of keys, caches and what borg remembers of repositories; undefined: where borg has it. */
  readonly baseDir: string | undefined;
  readonly cacheDir: string | undefined;
  /** What borg would ask: whether a repository may have moved, and whether one without encryption that it does not know may be used. */
  readonly allowMoved: boolean;
  readonly allowUnknownUnencrypted: boolean;
}

export const BORG_ENCRYPTIONS = [
  'repokey-blake2',
  'repokey',
  'keyfile-blake2',
  'keyfile',
  'authenticated-blake2',
  'authenticated',
  'none',
] as const;

export type BorgEncryption = (typeof BORG_ENCRYPTIONS)[number];

const DEFAULT_COMPRESSION = 'lz4';
const LOCK_WAIT_MS = 60_000;

/** The keys of a `borg` repository in the configuration. */
export const borgSchema = z
  .strictObject({
    password: secretValue.describe('the passphrase of the repository').optional(),
    encryption: z
      .enum(BORG_ENCRYPTIONS)
      .describe('of a new repository; default repokey-blake2; none and authenticated do not encrypt')
      .optional(),
    compression: z
      .string()
      .refine(isCompression, { error: 'must be what borg takes, such as lz4, zstd,22 or auto,zstd,10' })
      .describe('as borg create --compression takes it: lz4, zstd,22, auto,lzma,6; default lz4')
      .optional(),
    program: z.string().min(1).describe('the program borg on this machine; default borg').optional(),
    remote_path: z.string().min(1).describe('the program borg on the host of the repository; default borg').optional(),
    lock_wait: durationValue.describe('how long a lock of another borg is waited for; default 1m').optional(),
    base_dir: z.string().min(1).describe('folder of keys and caches of borg; default: its own').optional(),
    cache_dir: z.string().min(1).describe('folder of the caches of borg; default: its own').optional(),
    allow_moved: z.boolean().describe('true: use the repository although borg knows it from another place').optional(),
    allow_unknown_unencrypted: z
      .boolean()
      .describe('true: use a repository without encryption that this machine has not seen before')
      .optional(),
  })
  .superRefine(({ password, encryption = 'repokey-blake2' }, context) => {
    if (password !== undefined || encryption === 'none') return;
    const params = { hint: 'write password: { file: PATH }, or encryption: none for a repository that has no secret' };
    context.addIssue({ code: 'custom', path: ['password'], message: 'a borg repository needs a password', params });
  });

/** What was read by {@link borgSchema}, with defaults filled in. */
export function borgOptions(raw: z.output<typeof borgSchema>): BorgOptions {
  return {
    password: raw.password,
    encryption: raw.encryption ?? 'repokey-blake2',
    compression: raw.compression ?? DEFAULT_COMPRESSION,
    program: raw.program ?? 'borg',
    remotePath: raw.remote_path,
    lockWaitMs: raw.lock_wait ?? LOCK_WAIT_MS,
    baseDir: raw.base_dir,
    cacheDir: raw.cache_dir,
    allowMoved: raw.allow_moved ?? false,
    allowUnknownUnencrypted: raw.allow_unknown_unencrypted ?? raw.encryption === 'none',
  };
}

const MAX_LEVEL: Readonly<Record<string, number>> = { zlib: 9, lzma: 9, zstd: 22 };
const MIN_LEVEL: Readonly<Record<string, number>> = { zlib: 0, lzma: 0, zstd: 1 };

/** `borg help compression`: `none`, `lz4`, `zstd[,L]`, `zlib[,L]`, `lzma[,L]`, `auto,C[,L]`, `obfuscate,SPEC,C[,L]`. */
export function isCompression(spec: string): boolean {
  const [name = '', ...rest] = spec.split(',');
  if (name === 'none' || name === 'lz4') return rest.length === 0;
  if (name === 'auto') return isPlain(rest);
  if (name === 'obfuscate') {
    const amount = Number(rest[0]);
    const isAmount =
      /^\d{1,3}$/.test(rest[0] ?? '') && ((amount >= 1 && amount <= 6) || (amount >= 110 && amount <= 123));
    return isAmount && isCompression(rest.slice(1).join(',')) && rest[1] !== 'obfuscate';
  }
  return isPlain([name, ...rest]);
}

function isPlain([name = '', level, ...more]: readonly string[]): boolean {
  if (more.length > 0) return false;
  if (name === 'none' || name === 'lz4') return level === undefined;
  const max = MAX_LEVEL[name];
  if (max === undefined) return false;
  return level === undefined || (/^\d{1,2}$/.test(level) && Number(level) <= max && Number(level) >= MIN_LEVEL[name]!);
}
