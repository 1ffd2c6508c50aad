import * as z from 'zod';
import { parsedBy, sizeValue } from '../../base/option-values.ts';
import { compileGlob } from './glob.ts';

/** How the files of a source are found. */
export interface FilesOptions {
  /** Folders and single files, absolute or relative to the configuration file. */
  readonly paths: readonly string[];
  /** Patterns of what is left out; see `exclude.ts`. */
  readonly exclude: readonly string[];
  /** Whether what is in folders marked with a CACHEDIR.TAG is left out. */
  readonly excludeCaches: boolean;
  /** Larger files are left out. */
  readonly largerThanBytes: number;
  /** Whether to stay on the file system of each path. */
  readonly oneFileSystem: boolean;
  /** Whether it is an error when a path is not a mount point. */
  readonly requireMount: boolean;
  /** Whether this machine is read as another host is: by the programs that are there. */
  readonly agentless: boolean;
  /** Whether the host hashes files that look changed, so that those with the content they had need not come. */
  readonly compareTouched: boolean;
}

export const DEFAULT_EXCLUDES: readonly string[] = ['lost+found', '*.saving'];

const path = z
  .string()
  .min(1, 'a path can not be empty')
  .refine((text) => !text.includes('\0'), 'a path can not contain a NUL character');

const pattern = z.string().min(1, 'a pattern can not be empty').transform(parsedBy(checkedGlob));

function checkedGlob(text: string): string {
  compileGlob(text);
  return text;
}

/** The keys of a `files` source in the configuration, besides those that every source has. */
export const filesSchema = z.strictObject({
  paths: z
    .array(path)
    .min(1, 'no path is given')
    .describe('folders and files; relative ones are relative to the configuration file'),
  exclude: z
    .array(pattern)
    .describe(`patterns of what to leave out, in place of the default ${DEFAULT_EXCLUDES.join(', ')}`)
    .optional(),
  exclude_caches: z.boolean().describe('leave out what is in folders with a CACHEDIR.TAG; default true').optional(),
  exclude_larger_than: sizeValue.describe('leave out files larger than this').optional(),
  one_file_system: z.boolean().describe('stay on the file system of each path; default false').optional(),
  require_mount: z.boolean().describe('fail unless each path is a mount point; default false').optional(),
  agentless: z
    .boolean()
    .describe('read with find and tar, as other hosts are, also where the files are here; default false')
    .optional(),
  compare_touched: z
    .boolean()
    .describe('have another host hash what was touched, and leave there what has the content it had; default false')
    .optional(),
});

/** What was read by {@link filesSchema}, with defaults filled in. */
export function filesOptions(raw: z.output<typeof filesSchema>): FilesOptions {
  return {
    paths: raw.paths,
    exclude: raw.exclude ?? DEFAULT_EXCLUDES,
    excludeCaches: raw.exclude_caches ?? true,
    largerThanBytes: raw.exclude_larger_than ?? Number.POSITIVE_INFINITY,
    oneFileSystem: raw.one_file_system ?? false,
    requireMount: raw.require_mount ?? false,
    agentless: raw.agentless ?? false,
    compareTouched: raw.compare_touched ?? false,
  };
}
