import * as z from 'zod';
import { durationValue } from '../../base/option-values.ts';

/** Which of the dumps that another system leaves in a folder are taken. */
export interface DumpFilesOptions {
  /** The folder, absolute or relative to the configuration file. */
  readonly path: string;
  /** Globs, relative to the folder. */
  readonly patterns: readonly string[];
  /** The newest complete dump is at most so old; undefined: it may be of any age. */
  readonly maxAgeMs: number | undefined;
  /** Whether an older one is a failure or a warning. */
  readonly stale: 'fail' | 'warn';
  /** Younger files may still be written. */
  readonly minAgeMs: number;
  readonly keep: 'newest' | 'all';
  /** Whether files are read to tell that they are whole. */
  readonly complete: 'trailer' | 'none';
}

const KINDS = 'sql,dump,bak,backup,pgdump';
const COMPRESSIONS = 'gz,zst,xz,bz2,lz4';
const DEFAULT_PATTERNS: readonly string[] = [`*.{${KINDS}}`, `*.{${COMPRESSIONS}}`];

const path = z
  .string()
  .min(1, 'the path is empty')
  .refine((text) => !text.includes('\0'), 'a path can not contain a NUL character');

const pattern = z.string().refine(isInside, { error: 'a pattern is relative to the folder and stays inside of it' });

function isInside(text: string): boolean {
  return text !== '' && !text.startsWith('/') && !text.includes('\0') && !text.split('/').includes('..');
}

/** The keys of a `dump-files` source in the configuration, besides those that every source has. */
export const dumpFilesSchema = z.strictObject({
  path: path.describe('the folder where another system leaves its dumps'),
  pattern: z
    .union([pattern, z.array(pattern).min(1, 'no pattern is given')])
    .describe('which files are dumps: one glob or several, relative to the folder; default: by their endings')
    .optional(),
  max_age: z
    .union([z.literal('any'), durationValue])
    .describe('how old the newest complete dump may be; default 25h; any: it does not matter')
    .optional(),
  stale: z.enum(['fail', 'warn']).describe('what an older one is: a failure (default) or a warning').optional(),
  min_age: durationValue.describe('files younger than this may still be written; default 60s').optional(),
  keep: z.enum(['newest', 'all']).describe('only the newest complete dump (default), or all complete ones').optional(),
  complete: z
    .enum(['trailer', 'none'])
    .describe('whether dumps are unpacked to their end and looked at (trailer, the default), or not read (none)')
    .optional(),
});

const MAX_AGE_MS = 25 * 3_600_000;
const MIN_AGE_MS = 60_000;

/** What was read by {@link dumpFilesSchema}, with defaults filled in. */
export function dumpFilesOptions(raw: z.output<typeof dumpFilesSchema>): DumpFilesOptions {
  const { pattern: patterns = DEFAULT_PATTERNS, max_age: maxAge = MAX_AGE_MS } = raw;
  return {
    path: raw.path,
    patterns: typeof patterns === 'string' ? [patterns] : patterns,
    maxAgeMs: maxAge === 'any' ? undefined : maxAge,
    stale: raw.stale ?? 'fail',
    minAgeMs: raw.min_age ?? MIN_AGE_MS,
    keep: raw.keep ?? 'newest',
    complete: raw.complete ?? 'trailer',
  };
}
