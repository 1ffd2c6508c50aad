/** The one table from what happened to the number a script sees. */
import type { SuretyError } from '../base/errors.ts';
import type { Outcome } from '../operations/events.ts';

export const EXIT = { ok: 0, failed: 1, usage: 2, warnings: 3, busy: 4, interrupted: 130 } as const;

/** Single codes; they go before their area. */
const BY_CODE: Readonly<Record<string, number>> = {
  'repository.locked': EXIT.busy,
  'run.busy': EXIT.busy,
  'run.interrupted': EXIT.interrupted,
  'restore.unconfirmed': EXIT.usage,
  'forget.unconfirmed': EXIT.usage,
  'store.invalid-url': EXIT.usage,
};

/** The first part of a code. Any other area is a failure: the call made sense, but it could not be done. */
const BY_AREA: Readonly<Record<string, number>> = {
  usage: EXIT.usage,
  config: EXIT.usage,
  value: EXIT.usage,
  'time-zone': EXIT.usage,
  schedule: EXIT.usage,
};

/** The exit code of a run that ended with this error. */
export function exitCodeOf(error: Pick<SuretyError, 'code'>): number {
  return BY_CODE[error.code] ?? BY_AREA[error.code.split('.', 1)[0] ?? ''] ?? EXIT.failed;
}

/**
 * The exit code of a run that came to its end, with the codes of what failed in it. It is busy only when nothing but
 * locks stood in the way.
 */
export function exitCodeOfOutcome(outcome: Outcome, errorCodes: readonly string[] = []): number {
  if (outcome !== 'failed') return EXIT[outcome];
  const busy = errorCodes.length > 0 && errorCodes.every((code) => exitCodeOf({ code }) === EXIT.busy);
  return busy ? EXIT.busy : EXIT.failed;
}

/** For the end of each command's help. */
export const EXIT_CODES_HELP =
  'Exit codes: 0 ok · 1 failed · 2 usage or configuration · 3 finished with warnings · 4 busy · 130 interrupted';
