/** How the store of a repository is used, whatever its kind: how fast, by how many at once, and what is never done to it. */
import { resolve } from 'node:path';
import * as z from 'zod';
import { formatBytes, parseBytes } from '../base/bytes.ts';
import { SuretyError } from '../base/errors.ts';
import { durationValue, parsedBy, sizeValue } from '../base/option-values.ts';
import { always, minutesOf, type Rates, type RateWindow } from '../rules/rate-windows.ts';
import { timeZoneValue } from './maintenance.ts';
import { expandHome } from './paths.ts';

export interface StoreUse {
  /** In the order in which they are tried; none: no limit. */
  readonly limit: readonly RateWindow[];
  /** Undefined: as the store likes. */
  readonly connections: number | undefined;
  /** Surety itself deletes nothing in it. */
  readonly appendOnly: boolean;
  /** How long what a new snapshot needs can be removed by nobody; undefined: nothing is locked. */
  readonly lockForMs: number | undefined;
  readonly cache: CacheConfig;
}

export interface CacheConfig {
  readonly use: boolean;
  /** Absolute; undefined: in the user's cache folder. */
  readonly path: string | undefined;
  /** Undefined: what suits the disk. */
  readonly sizeBytes: number | undefined;
}

const MIN_RATE = 16 * 1024;
const CONNECTIONS_MAX = 256;
const LOCK_MIN_MS = 60_000;
const LOCK_MAX_MS = 10 * 366 * 24 * 3_600_000;

const rateValue = z
  .union([z.string(), z.int().min(MIN_RATE)])
  .meta({ description: 'bytes a second such as 10MiB/s', examples: ['10MiB/s'] })
  .transform(parsedBy(parseRate));

const minuteValue = z
  .string()
  .meta({ description: 'a time of day such as 08:00', examples: ['08:00'] })
  .transform(
    parsedBy((text) => {
      const minutes = minutesOf(text);
      if (minutes !== undefined) return minutes;
      throw new SuretyError('value.time-of-day', `"${text}" is not a time of day`, {
        hint: "write '08:00', in quotes",
      });
    }),
  );

const rates = {
  upload: rateValue.describe('to the store').optional(),
  download: rateValue.describe('from the store').optional(),
};

const window = z
  .strictObject({
    from: minuteValue.describe('when it begins').optional(),
    to: minuteValue.describe('when it ends; before `from`: on the next day').optional(),
    time_zone: timeZoneValue.describe('of from and to; default: that of this machine').optional(),
    ...rates,
  })
  .refine(({ from, to }) => (from === undefined) === (to === undefined), { error: 'from and to belong together' })
  .refine(({ from, to }) => from === undefined || from !== to, { error: 'from and to are the same time' });

const both = rateValue.transform((rate): RateWindow[] => always({ upload: rate, download: rate }));
const each = z.strictObject(rates).transform((given): RateWindow[] => always(given));
const windows = z
  .array(window)
  .min(1)
  .transform((all): RateWindow[] =>
    all.map(({ from, to, time_zone, upload, download }) => {
      if (from === undefined || to === undefined) return { ...always({ upload, download })[0]!, timeZone: time_zone };
      return { from, to, timeZone: time_zone, upload, download };
    }),
  );

const cacheSchema = z
  .union([
    z.boolean(),
    z.strictObject({
      path: z
        .string()
        .min(1)
        .describe('a folder of its own; default: surety in the cache folder of the user')
        .optional(),
      size: sizeValue.describe('how much it may hold; default: 2GiB, or 5 % of the disk where that is less').optional(),
    }),
  ])
  .describe(
    'whether and where what is read again and again is kept on this machine; default: for stores over a network',
  );

/** What every repository may say of its store. */
export const storeUseSchema = {
  limit: z
    .union([windows, each, both])
    .describe('how fast it goes at most: 10MiB/s, { upload, download }, or a list of these with from and to')
    .optional(),
  connections: z.int().min(1).max(CONNECTIONS_MAX).describe('requests at once; default: as the store likes').optional(),
  append_only: z.boolean().describe('true: Surety deletes nothing in it but its own locks').optional(),
  lock_for: durationValue
    .refine((ms) => ms >= LOCK_MIN_MS && ms <= LOCK_MAX_MS, { error: 'must be from 1m to 10 years' })
    .describe('how long nobody can remove what a new snapshot needs, such as 30d; needs object_lock in the store')
    .optional(),
  cache: cacheSchema.optional(),
};

interface RawStoreUse {
  readonly limit?: readonly RateWindow[] | undefined;
  readonly connections?: number | undefined;
  readonly append_only?: boolean | undefined;
  readonly lock_for?: number | undefined;
  readonly cache?: z.output<typeof cacheSchema> | undefined;
}

export function storeUseOf(raw: RawStoreUse, directory: string): StoreUse {
  const cache = typeof raw.cache === 'object' ? raw.cache : {};
  return {
    limit: raw.limit ?? [],
    connections: raw.connections,
    appendOnly: raw.append_only ?? false,
    lockForMs: raw.lock_for,
    cache: {
      use: raw.cache !== false,
      path: cache.path === undefined ? undefined : resolve(directory, expandHome(cache.path)),
      sizeBytes: cache.size,
    },
  };
}

/** `10MiB/s up, 2MiB/s down` for people; undefined: no limit. */
export function shownRates({ upload, download }: Rates): string | undefined {
  if (upload === undefined && download === undefined) return undefined;
  const shown = (rate: number) => `${formatBytes(rate)}/s`;
  if (upload !== undefined && upload === download) return shown(upload);
  const parts = [
    ...(upload === undefined ? [] : [`${shown(upload)} up`]),
    ...(download === undefined ? [] : [`${shown(download)} down`]),
  ];
  return parts.join(', ');
}

function parseRate(value: string | number): number {
  const rate = typeof value === 'number' ? value : parseBytes(value.replace(/\s*\/\s*s$/i, ''));
  if (rate >= MIN_RATE) return rate;
  throw new SuretyError('value.rate', `${value} is too slow: no backup would end`, { hint: 'write 16KiB/s or more' });
}
