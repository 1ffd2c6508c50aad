import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SuretyError, systemCode } from '../base/errors.ts';
import type { SafetyDump } from '../operations/restore/list-old.ts';

/** Files that sources left in their folder for safety dumps, oldest first; none where there is no such folder. Throws `state.unreadable`. */
export function listSafetyDumps(folder: string): SafetyDump[] {
  try {
    const files = readdirSync(folder, { withFileTypes: true }).filter(
      (one) => one.isFile() && !one.name.endsWith('.json'),
    );
    const dumps = files.flatMap(({ name }) => {
      const file = join(folder, name);
      const found = statSync(file, { throwIfNoEntry: false });
      return found === undefined ? [] : [{ file, time: found.mtime, sizeBytes: found.size }];
    });
    return dumps.sort((left, right) => left.time.getTime() - right.time.getTime());
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return [];
    throw new SuretyError(
      'state.unreadable',
      `${folder} with the safety dumps can not be read (${systemCode(cause)})`,
      {
        hint: 'check its owner and mode',
        cause,
      },
    );
  }
}
