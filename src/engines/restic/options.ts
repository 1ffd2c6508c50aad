import * as z from 'zod';
import { formatBytes } from '../../base/bytes.ts';
import { type SecretSpec, secretValue, sizeValue } from '../../base/option-values.ts';

/** How a `restic` repository is opened, without the store it is in. */
export interface ResticOptions {
  readonly password: SecretSpec;
  /** zstd level of what is written. */
  readonly compressionLevel: number;
  /** Size from which a pack is full. */
  readonly packSizeBytes: number;
}

const MIB = 2 ** 20;
const DEFAULT_COMPRESSION_LEVEL = 3;
export const DEFAULT_PACK_SIZE_BYTES = 16 * MIB;
const MIN_PACK_SIZE_BYTES = 4 * MIB;
const MAX_PACK_SIZE_BYTES = 128 * MIB;

/** The keys of a `restic` repository in the configuration. */
export const resticSchema = z.strictObject({
  password: secretValue.describe('the password of the repository: { env: NAME }, { file: PATH } or { command: [...] }'),
  compression: z.int().min(1).max(19).describe(`zstd level, 1–19; default ${DEFAULT_COMPRESSION_LEVEL}`).optional(),
  pack_size: sizeValue
    .refine((sizeBytes) => sizeBytes >= MIN_PACK_SIZE_BYTES && sizeBytes <= MAX_PACK_SIZE_BYTES, {
      error: `must be from ${formatBytes(MIN_PACK_SIZE_BYTES)} to ${formatBytes(MAX_PACK_SIZE_BYTES)}`,
    })
    .describe(`size of the repository's files; default ${formatBytes(DEFAULT_PACK_SIZE_BYTES)}`)
    .optional(),
});

/** What was read by {@link resticSchema}, with defaults filled in. */
export function resticOptions(raw: z.output<typeof resticSchema>): ResticOptions {
  return {
    password: raw.password,
    compressionLevel: raw.compression ?? DEFAULT_COMPRESSION_LEVEL,
    packSizeBytes: raw.pack_size ?? DEFAULT_PACK_SIZE_BYTES,
  };
}
