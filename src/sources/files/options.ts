import { z } from 'zod';
import { parseBytes } from '../../base/bytes.ts';
import { messageOf } from '../../base/errors.ts';
import { compileGlob } from './glob.ts';

const size = z.union([z.string(), z.int().nonnegative()]).transform((value, context) => {
  try {
    return typeof value === 'number' ? value : parseBytes(value);
  } catch (error) {
    context.addIssue({ code: 'custom', message: messageOf(error) });
    return z.NEVER;
  }
});

const path = z
  .string()
  .min(1, 'a path is empty')
  .refine((text) => !text.includes('\0'), 'a path can not contain a NUL character');

const pattern = z.string().superRefine((text, context) => {
  try {
    compileGlob(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: messageOf(error) });
  }
});

/** The keys of a `files` source besides those that every source has. */
export const filesShape = {
  /** What to back up: folders and single files. Relative ones are relative to the configuration file and stored so. */
  paths: z.array(path).min(1, 'no path is given'),
  /** Patterns of what to leave out; giving some replaces the defaults. */
  exclude: z.array(pattern).default(['lost+found', '*.saving']),
  /** Leave out what is in folders marked with a CACHEDIR.TAG. */
  exclude_caches: z.boolean().default(true),
  /** Leave out files larger than this. */
  exclude_larger_than: size.optional(),
  /** Stay on the file system of each path. */
  one_file_system: z.boolean().default(false),
  /** Fail unless each path is a mount point. */
  require_mount: z.boolean().default(false),
};

export const filesOptions = z.strictObject(filesShape);

export type FilesOptions = z.output<typeof filesOptions>;
