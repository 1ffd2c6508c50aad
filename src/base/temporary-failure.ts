import { temporaryFolder } from './environment.ts';
import { SuretyError, systemCode } from './errors.ts';

/** Error codes for a folder that is full, and for one that can not be used. */
export interface TemporaryCodes {
  readonly full: string;
  readonly failed: string;
}

/** The error for what the system said of the folder for temporary files; anything else comes back as it is. */
export function temporaryFailure(error: unknown, codes: TemporaryCodes): unknown {
  const code = systemCode(error);
  if (code === undefined) return error;
  const folder = temporaryFolder();
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new SuretyError(codes.full, `the folder for temporary files, ${folder}, is full`, {
      hint: 'make room there, or set TMPDIR to a folder that has room for the largest dump of the source',
      cause: error,
    });
  }
  return new SuretyError(codes.failed, `the folder for temporary files, ${folder}, can not be used: ${code}`, {
    hint: 'set TMPDIR to a folder that can be written',
    cause: error,
  });
}
