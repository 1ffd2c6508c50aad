/** The shapes of what only Surety's own sidecars have: whatever reads them may rely on these. Fields that nobody knows are left alone. */
import * as z from 'zod';

const size = z.int().min(0);

const entry = z.looseObject({
  path: z.string(),
  type: z.enum(['file', 'dir', 'symlink', 'dev', 'chardev', 'fifo', 'socket']),
  mode: size,
  uid: size,
  gid: size,
  user: z.string(),
  group: z.string(),
  mtime_ns: z.string().regex(/^-?\d{1,24}$/),
  size_bytes: size,
});

const table = z.looseObject({ name: z.string(), rows: size });
const object = z.looseObject({ kind: z.string(), name: z.string(), value: z.string() });

const contentSchema = z.looseObject({
  checksum_algorithm: z.string().optional(),
  compression: z.enum(['gzip', 'zstd', 'none']).optional(),
  encryption: z.enum(['age']).nullish(),
  uncompressed_size_bytes: size.optional(),
  uncompressed_checksum: z.string().nullish(),
  stats: z.looseObject({
    filesNew: size,
    filesChanged: size,
    filesUnmodified: size,
    dirs: size,
    others: size,
    sizeBytes: size,
  }),
  facts: z.looseObject({
    fingerprint: z
      .looseObject({ algorithm: z.string(), tables: z.array(table), objects: z.array(object).optional() })
      .optional(),
  }),
  entries: z.array(entry).optional(),
  files: z.array(z.looseObject({ path: z.string(), size_bytes: size, sha256: z.string() })).optional(),
  file_list: z.looseObject({ name: z.string().regex(/^[^/]+$/), files: size }).nullish(),
});

/** Names the first field that has another shape, or undefined. */
export function contentProblem(fields: unknown): string | undefined {
  const [issue] = contentSchema.safeParse(fields).error?.issues ?? [];
  return issue === undefined ? undefined : `${issue.path.join('.')} is not what it should be`;
}
