import { hasCode, SuretyError } from '../../base/errors.ts';

/** Whether what was chosen exists and has no pod at all, as when it is scaled to 0. */
export function isNoPod(error: unknown): boolean {
  return error instanceof SuretyError && hasCode(error, 'reach.no-pod') && error.details.pods === 0;
}
