/** For commands that work on exactly one repository. */
import { SuretyError } from '../base/errors.ts';
import { listed } from '../base/nearest.ts';
import type { Platform } from '../daemon/compose.ts';

/** The named repository, or the only one there is. Throws `usage.which-repository`. */
export function oneRepository(
  platform: Platform,
  name: string | undefined,
): ReturnType<Platform['repositories']>[number] {
  const all = platform.repositories(name === undefined ? undefined : [name]);
  if (all.length === 1) return all[0]!;
  throw new SuretyError('usage.which-repository', `the configuration has ${all.length} repositories`, {
    hint: `name one with --repository: ${listed(platform.repositoryNames, 'or')}`,
  });
}
