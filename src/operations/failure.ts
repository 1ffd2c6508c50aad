/** What an operation makes of anything that was thrown below it. */
import { programFolder } from '../base/environment.ts';
import { messageOf, SuretyError, systemCode } from '../base/errors.ts';

/**
 * The error with what was being done in front of its message. Code, hint, retry and details stay; an abort becomes
 * `run.interrupted`, and anything that is not ours becomes `internal.unexpected` with its cause.
 */
export function toSuretyError(thrown: unknown, doing: string, signal: AbortSignal): SuretyError {
  if (thrown instanceof SuppressedError) return toSuretyError(asOne(thrown), doing, signal);
  if (signal.aborted && (thrown === signal.reason || !(thrown instanceof SuretyError))) {
    return new SuretyError('run.interrupted', `${doing}: interrupted`, {
      hint: 'run it again when it suits',
      cause: thrown,
    });
  }
  if (thrown instanceof SuretyError) {
    return new SuretyError(thrown.code, `${doing}: ${thrown.message}`, {
      hint: thrown.hint,
      cause: thrown,
      retry: thrown.retry,
      details: thrown.details,
    });
  }
  const isIncomplete = systemCode(thrown) === 'ERR_MODULE_NOT_FOUND';
  return new SuretyError('internal.unexpected', `${doing}: ${messageOf(thrown)}`, {
    hint: isIncomplete
      ? `a file of Surety itself is missing: run \`npm run setup\` in ${programFolder()}`
      : 'this is a defect of Surety; run again with --verbose and report what it prints',
    cause: thrown,
  });
}

/** What failed when something was closed after a failure: where closing has something to say, it is the worse of the two. */
function asOne({ error, suppressed }: SuppressedError): unknown {
  const first = suppressed instanceof SuppressedError ? asOne(suppressed) : suppressed;
  if (!(error instanceof SuretyError)) return first;
  const { code, message, hint, retry, details } = error;
  return new SuretyError(code, `${message}; before that: ${messageOf(first)}`, { hint, retry, details, cause: error });
}
