import { z } from 'zod';
import { type CommandLine, commandLineValue } from '../../base/command-line.ts';
import { durationValue } from '../../base/option-values.ts';

/** How what uses the data is stopped and started around a backup. */
export interface ServiceOptions {
  readonly stop: CommandLine;
  readonly start: CommandLine;
  /** Ends with exit code 0 when it runs; undefined: a start that ended well is enough. */
  readonly check: CommandLine | undefined;
  readonly stopTimeoutMs: number;
  readonly startTimeoutMs: number;
}

/** The keys of a `service` source in the configuration, besides those that every source has and the source that is read meanwhile. */
export const serviceSchema = z.strictObject({
  stop: commandLineValue.describe('a command that ends when the service is stopped'),
  start: commandLineValue.describe('a command that starts it again; it always runs, also after a failure'),
  check: commandLineValue.describe('a command that ends with exit code 0 when the service runs').optional(),
  timeouts: z
    .strictObject({
      stop: durationValue.describe('how long stopping may take; default 2m').optional(),
      start: durationValue.describe('how long one try to start may take, its check included; default 2m').optional(),
    })
    .optional(),
});

const TIMEOUT_MS = 120_000;

/** What was read by {@link serviceSchema}, with defaults filled in. */
export function serviceOptions(raw: z.output<typeof serviceSchema>): ServiceOptions {
  return {
    stop: raw.stop,
    start: raw.start,
    check: raw.check,
    stopTimeoutMs: raw.timeouts?.stop ?? TIMEOUT_MS,
    startTimeoutMs: raw.timeouts?.start ?? TIMEOUT_MS,
  };
}
