import { messageOf, SuretyError } from '../../base/errors.ts';
import { failed, ok, type StoreFinding } from './finding.ts';
import type { Scratch } from './scratch.ts';
import type { CheckStoreHow, StoreToCheck } from './store-to-check.ts';

/** Runs what the port promises; one finding for all that are kept, one for each that is broken. */
export async function keepPromises(
  target: StoreToCheck,
  scratch: Scratch,
  how: CheckStoreHow,
): Promise<readonly StoreFinding[]> {
  const promises = await target.promises(scratch.fresh);
  const chosen = promises.filter(({ heavy }) => how.heavy || !heavy);
  const broken: StoreFinding[] = [];
  for (const promise of chosen) {
    how.signal.throwIfAborted();
    try {
      await promise.run();
    } catch (error) {
      how.signal.throwIfAborted();
      const hint = error instanceof SuretyError ? error.hint : undefined;
      broken.push({ what: `promise: ${promise.name}`, ...failed(firstWords(error), hint) });
    }
  }
  const kept = `${chosen.length - broken.length} of ${chosen.length} are kept`;
  const left = promises.length - chosen.length;
  const detail = left === 0 ? kept : `${kept}; --heavy tries ${left} more, with much more data`;
  return [{ what: 'promises', ...(broken.length === 0 ? ok(detail) : failed(detail, undefined)) }, ...broken];
}

const SHOWN_LENGTH = 200;

/** What is compared may be long, and over many lines. */
function firstWords(error: unknown): string {
  return messageOf(error).replaceAll(/\s+/g, ' ').trim().slice(0, SHOWN_LENGTH);
}
