/** Where this machine keeps what Surety remembers about one configuration. */
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { homeFolder, isRoot, variable } from '../base/environment.ts';

/**
 * A folder of the configuration file's own, by whichever links it is named: below `$XDG_STATE_HOME/surety` where that is set, else `/var/lib/surety` for
 * root and `~/.local/state/surety` for everybody else. Its name begins with that of the folder the file is in.
 */
export function stateFolder(configFile: string): string {
  const file = realpathSync(configFile);
  const hash = createHash('sha256').update(file).digest('hex').slice(0, 12);
  const name = basename(dirname(file)).replaceAll(/[^A-Za-z0-9._-]/g, '_') || 'root';
  return join(stateHome(), `${name}-${hash}`);
}

function stateHome(): string {
  const named = variable('XDG_STATE_HOME');
  if (named !== undefined && named !== '') return join(named, 'surety');
  return isRoot() ? '/var/lib/surety' : join(homeFolder(), '.local', 'state', 'surety');
}
