import * as z from 'zod';
import { type CommandLine, commandLineValue } from '../../base/command-line.ts';
import { durationValue } from '../../base/option-values.ts';
import { type Workload, workloadValue } from '../../base/workload.ts';

/** How what uses the data is stopped and started around a backup. */
export type ServiceOptions = (CommandWay | ScaleWay) & {
  readonly stopTimeoutMs: number;
  readonly startTimeoutMs: number;
};

export interface CommandWay {
  readonly stop: CommandLine;
  readonly start: CommandLine;
  /** Ends with exit code 0 when it runs; undefined: a start that ended well is enough. */
  readonly check: CommandLine | undefined;
  readonly scale?: undefined;
}

/** To no pods at all, and back to as many as there were. */
export interface ScaleWay {
  readonly scale: Workload;
  readonly stop?: undefined;
  readonly start?: undefined;
  readonly check?: undefined;
}

/** The keys of a `service` source in the configuration, besides those that every source has and the source that is read meanwhile. */
export const serviceSchema = z
  .strictObject({
    stop: commandLineValue.describe('a command that ends when the service is stopped').optional(),
    start: commandLineValue.describe('a command that starts it again; it always runs, also after a failure').optional(),
    check: commandLineValue.describe('a command that ends with exit code 0 when the service runs').optional(),
    scale: workloadValue
      .describe('instead of commands: a statefulset or deployment beside the pod, which is scaled to 0 and back')
      .optional(),
    timeouts: z
      .strictObject({
        stop: durationValue.describe('how long stopping may take; default 2m').optional(),
        start: durationValue.describe('how long one try to start may take, its check included; default 2m').optional(),
      })
      .optional(),
  })
  .superRefine(({ stop, start, check, scale }, context) => {
    const complain = (key: string, message: string): void => {
      context.addIssue({ code: 'custom', path: [key], message });
    };
    if (scale === undefined) {
      for (const [key, value] of Object.entries({ stop, start })) {
        if (value === undefined) complain(key, `\`${key}\` is missing: a command, or \`scale\` instead of commands`);
      }
    } else if ((stop ?? start ?? check) !== undefined) complain('scale', 'goes without `stop`, `start` and `check`');
  });

const TIMEOUT_MS = 120_000;

/** What was read by {@link serviceSchema}, with defaults filled in. */
export function serviceOptions({
  stop,
  start,
  check,
  scale,
  timeouts,
}: z.output<typeof serviceSchema>): ServiceOptions {
  const times = { stopTimeoutMs: timeouts?.stop ?? TIMEOUT_MS, startTimeoutMs: timeouts?.start ?? TIMEOUT_MS };
  return scale === undefined ? { stop: stop!, start: start!, check, ...times } : { scale, ...times };
}
