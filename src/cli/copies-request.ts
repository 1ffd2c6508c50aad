/** What `surety copies` and `surety status` ask of the copies of sources. */
import type { Platform } from '../daemon/compose.ts';
import type { CopiesRequest } from '../operations/proven-copies.ts';
import type { RetentionPolicy } from '../rules/policy.ts';
import type { Call } from './call.ts';
import { keepFor } from './keep-for.ts';

interface Asked {
  readonly sources: readonly string[] | undefined;
  readonly repositories: readonly string[] | undefined;
  readonly check: boolean;
}

export async function copiesRequest(platform: Platform, asked: Asked, { clock, signal }: Call): Promise<CopiesRequest> {
  const goals = await platform.copyGoals(asked.sources);
  const places = await platform.whereabouts({ signal });
  const keep = keepFor(platform, true);
  const repositories = platform.repositories(asked.repositories).flatMap((handle) => {
    const whereabouts = places.get(handle.name);
    return whereabouts === undefined ? [] : [{ ...handle, whereabouts }];
  });
  const sources = goals.map((goal) => {
    const rulesIn = (repository: string) => keep(repository).filter((one) => one.sources.includes(goal.name));
    const names = repositories.map(({ name }) => name).filter((name) => rulesIn(name).length > 0);
    const latestOnly = names.filter((name) => rulesIn(name).every(({ policy }) => keepsOnlyLatest(policy)));
    return { ...goal, repositories: names, latestOnly };
  });
  return {
    ...{ sources, repositories, check: asked.check, hosts: platform.ownHosts, now: clock.now() },
    catalog: await platform.catalog(),
  };
}

function keepsOnlyLatest(policy: RetentionPolicy | undefined): boolean {
  return policy?.last === 1 && Object.keys(policy).length === 1;
}
