/** What the catalog remembers of the backups of a source, as far as it tells what is usual. */
import type { Catalog, MemberRecord } from '../catalog/catalog.ts';
import { type Measured, type Oddity, oddities } from '../rules/unusual.ts';

export interface OddBackup extends Oddity {
  readonly repository: string;
}

/** So many runs are looked at: enough for those that count, also where many failed. */
const LOOKED_AT = 40;

/** What is odd about a new backup, which the catalog does not know yet. A catalog that can not be read knows nothing. */
export async function oddAboutNew(
  catalog: Catalog,
  { source, repository }: { readonly source: string; readonly repository: string },
  measured: Measured,
): Promise<readonly Oddity[]> {
  const before = await goodMembers(catalog, source);
  return oddities(measured, before.filter((one) => one.repository === repository).map(measuredOf));
}

/** What is odd about the newest good backup of the source into each repository. */
export async function oddAboutNewest(catalog: Catalog, source: string): Promise<readonly OddBackup[]> {
  const byRepository = Map.groupBy(await goodMembers(catalog, source), ({ repository }) => repository);
  return [...byRepository].flatMap(([repository, [newest, ...before]]) =>
    newest === undefined
      ? []
      : oddities(measuredOf(newest), before.map(measuredOf)).map((odd) => ({ ...odd, repository })),
  );
}

/** Newest first. */
async function goodMembers(catalog: Catalog, source: string): Promise<readonly MemberRecord[]> {
  try {
    const runs = await catalog.history({ verb: 'backup', source, limit: LOOKED_AT });
    const members = runs.flatMap((run) => run.members.filter((one) => one.source === source));
    return members.filter(({ snapshot, outcome }) => snapshot !== undefined && outcome !== 'failed');
  } catch {
    return [];
  }
}

function measuredOf({ startedAt, endedAt, snapshot }: MemberRecord): Measured {
  return { durationMs: endedAt.getTime() - startedAt.getTime(), sizeBytes: snapshot?.sizeBytes };
}
