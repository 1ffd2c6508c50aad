/** The error for a file of the repository whose content is not what it must be. */
import { SuretyError } from '../../../base/errors.ts';

/** `key` is the file's key, such as `index/ab…`, or `tree ab…`; `why` completes "is damaged: …". */
export function damaged(key: string, why: string, cause?: unknown): SuretyError {
  return new SuretyError(/^tree\b/.test(key) ? 'tree.damaged' : 'repository.damaged', `${key} is damaged: ${why}`, {
    hint: 'run surety verify to see what else is affected',
    cause,
    details: { key },
  });
}
