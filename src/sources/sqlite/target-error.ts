import { hasCode, messageOf, SuretyError, systemCode } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';

const OF_THE_REPOSITORY = /^(?:repository|store|tree)\./;

/** Translates what went wrong while writing at `path`. An error of the repository (damage and the like) stays itself. */
export function toTargetError(error: unknown, path: string): unknown {
  if (error instanceof SuretyError && OF_THE_REPOSITORY.test(error.code)) return error;
  const nested = error instanceof Error ? error.cause : undefined;
  const code = systemCode(nested) ?? systemCode(error);
  const shown = displayName(path);
  const facts = { cause: error, details: { path: shown } };
  if (code === 'ENOSPC' || code === 'EDQUOT' || hasCode(error, 'target.full')) {
    const hint = 'the database there and the restored one both need room: make space, or restore with --target';
    return new SuretyError('target.full', `no space left while restoring ${shown}`, { ...facts, hint });
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    const hint = 'run as a user who may write there, or restore with --target';
    return new SuretyError('target.denied', `can not write ${shown}: ${messageOf(error)}`, { ...facts, hint });
  }
  if (error instanceof SuretyError || systemCode(error) === undefined) return error;
  return new SuretyError('target.failed', `can not write ${shown}: ${messageOf(error)}`, facts);
}

export function escapes(path: string, why: string): SuretyError {
  return new SuretyError('target.escapes', `${displayName(path)} ${why}`, {
    hint: 'nothing was written: it could end up outside of the target',
    details: { path: displayName(path) },
  });
}
