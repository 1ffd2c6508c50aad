/** The error for a hook that did not end well. */
import { SuretyError } from '../../base/errors.ts';
import { type Hook, isScaling } from '../../rules/hook.ts';
import { scaleByHand } from './run-scale-hook.ts';

/** With what the cause says, and what to do. */
export function hookFailed(message: string, cause: unknown, hook: Hook): SuretyError {
  const reason = cause instanceof SuretyError ? `: ${cause.message}` : '';
  return new SuretyError('hook.failed', message + reason, {
    hint: hintOf(hook, cause),
    cause,
  });
}

function hintOf(hook: Hook, cause: unknown): string {
  const own = cause instanceof SuretyError ? cause.hint : undefined;
  if (!isScaling(hook)) return own ?? 'run the command by hand to see what it needs';
  // What a backup took away has to come back first of all.
  if (hook.from === undefined) return own ?? scaleByHand(hook);
  return `${scaleByHand(hook)}; the next run tries it again${own === undefined ? '' : `; ${own}`}`;
}
