import * as z from 'zod';
import { waitValue } from '../../base/option-values.ts';

/** How much of the contents is recorded: rows and checksum of each table, only rows, or nothing. */
export type FingerprintLevel = 'full' | 'counts' | 'off';

/** The keys of a `sqlite` source in the configuration, besides those that every source has. */
export const sqliteOptions = z.strictObject({
  path: z
    .string()
    .min(1, 'the path is empty')
    .refine((text) => !text.includes('\0'), 'a path can not contain a NUL character')
    .describe('the database file; a relative path is relative to the configuration file'),
  fingerprint: z
    .enum(['full', 'counts', 'off'])
    .default('full')
    .describe('what is recorded to prove a restore: rows and checksum of each table (full), only rows, or nothing'),
  busy_timeout: waitValue
    .prefault('30s')
    .describe('how long to wait while another process has the database locked; default 30s'),
});

/** Once parsed, `busy_timeout` is in milliseconds. */
export type SqliteOptions = z.output<typeof sqliteOptions>;
