/** Which copies of each source there are, which of them were proven, and whether that is what the configuration wants. */
import type { SuretyError } from '../base/errors.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { Keeping } from '../rules/keeping.ts';
import {
  type CopiesRule,
  type CopiesVerdict,
  type CopyFacts,
  judgeCopies,
  type Original,
} from '../rules/three-two-one.ts';
import type { RepositoryHandle } from './handles.ts';
import { type CopyProofs, copyProofs } from './proven-copies/copy-proofs.ts';
import { rememberedSnapshots, type SeenSnapshot, seeRepository } from './status/status-repository.ts';

/** Where a repository is. */
export interface WhereaboutsOf extends Keeping {
  /** Why nothing in it counts, as far as that shows without asking it. */
  readonly problem: string | undefined;
  /** The same where it is the same folder under another name; undefined: nothing but its location tells. */
  readonly spot?: string | undefined;
}

export interface CopiesSource {
  readonly name: string;
  readonly kind: string;
  readonly importance: 'must' | 'should' | 'could';
  readonly rule: CopiesRule | undefined;
  readonly original: Original;
  /** Repositories that jobs write it to or copy it into. */
  readonly repositories: readonly string[];
  /** Those of them in which only the newest is kept. */
  readonly latestOnly: readonly string[];
}

export interface CopiesRepository extends RepositoryHandle {
  readonly whereabouts: WhereaboutsOf;
}

export interface CopiesRequest {
  readonly sources: readonly CopiesSource[];
  readonly repositories: readonly CopiesRepository[];
  readonly catalog: Catalog | undefined;
  /** Ask the repositories; else what the catalog remembers counts. */
  readonly check: boolean;
  /** Name of this machine. */
  readonly hosts: ReadonlySet<string>;
  readonly now: Date;
}

export interface SourceCopies extends Omit<CopiesSource, 'repositories' | 'latestOnly'> {
  readonly copies: readonly (CopyFacts & { readonly backups: number })[];
  readonly verdict: CopiesVerdict;
}

export interface RepositorySeen extends WhereaboutsOf {
  readonly repository: string;
  readonly kind: string;
  readonly location: string;
  /** When what is told of it was last true for sure; undefined: never on this machine. */
  readonly asOf: Date | undefined;
  readonly error: SuretyError | undefined;
}

export interface CopiesReport {
  /** `warnings`: the rule of a source is broken. */
  readonly outcome: 'ok' | 'warnings';
  readonly from: 'catalog' | 'repositories';
  readonly now: Date;
  readonly sources: readonly SourceCopies[];
  readonly repositories: readonly RepositorySeen[];
}

export async function provenCopies(
  request: CopiesRequest,
  how: { readonly signal: AbortSignal },
): Promise<CopiesReport> {
  const seen = eachPlaceOnce(await Promise.all(request.repositories.map((one) => see(one, request, how))));
  const sources = request.sources.map((source) => copiesOf(source, seen, request));
  return {
    outcome: sources.some(({ verdict }) => verdict.kept === false) ? 'warnings' : 'ok',
    from: request.check ? 'repositories' : 'catalog',
    now: request.now,
    sources,
    repositories: seen.map(({ snapshots, proofs, ...told }) => told),
  };
}

interface Seen extends RepositorySeen {
  readonly snapshots: readonly SeenSnapshot[];
  readonly proofs: CopyProofs;
}

async function see(
  { whereabouts, ...handle }: CopiesRepository,
  { catalog, check, now }: CopiesRequest,
  how: { readonly signal: AbortSignal },
): Promise<Seen> {
  const { name, kind, location } = handle;
  const told = { repository: name, kind, location };
  const proofs = await copyProofs(catalog, name);
  if (check) {
    const { snapshots, error } = await seeRepository(handle, catalog, how);
    const problem = error === undefined ? undefined : `it could not be asked: ${error.message}`;
    return { ...told, ...whereabouts, problem, asOf: error === undefined ? now : undefined, error, snapshots, proofs };
  }
  const { asOf, snapshots } = await recall(catalog, handle);
  return { ...told, ...whereabouts, asOf, error: undefined, snapshots, proofs };
}

/** What two names are given to is there once. */
function eachPlaceOnce(all: readonly Seen[]): Seen[] {
  return all.map((one, at) => {
    const same = all.slice(0, at).find(({ location, spot }) => {
      return location === one.location || (spot !== undefined && spot === one.spot);
    });
    return same === undefined ? one : { ...one, problem: `it is where ${same.repository} is` };
  });
}

/** Of what was in a repository that had the name elsewhere, nothing is in this one. */
async function recall(
  catalog: Catalog | undefined,
  { name, location }: RepositoryHandle,
): Promise<Pick<Seen, 'asOf' | 'snapshots'>> {
  const nothing = { asOf: undefined, snapshots: [] };
  try {
    const last = await catalog?.repository(name, location);
    if (catalog === undefined || last === undefined) return nothing;
    const records = await catalog.snapshots({ repository: name });
    const own = new Set(records.filter(({ repositoryId }) => repositoryId === last.id).map(({ id }) => id));
    const snapshots = await rememberedSnapshots(name, catalog);
    return { asOf: last.seenAt, snapshots: snapshots.filter(({ id }) => own.has(id)) };
  } catch {
    return nothing;
  }
}

function copiesOf(source: CopiesSource, seen: readonly Seen[], { hosts, now }: CopiesRequest): SourceCopies {
  const { repositories, latestOnly, ...told } = source;
  const all = seen.flatMap((one) => one.snapshots).filter((one) => one.source === source.name);
  // Where this machine backs it up, a source of the same name on another one is another source.
  const own = all.some((one) => hosts.has(one.host)) ? all.filter((one) => hosts.has(one.host)) : all;
  const copies = seen.flatMap((one) => {
    const inside = own.filter(({ repository }) => repository === one.repository);
    if (inside.length === 0 && !repositories.includes(one.repository)) return [];
    return [{ ...factsOf(one, inside), isLatestOnly: latestOnly.includes(one.repository), backups: inside.length }];
  });
  return { ...told, copies, verdict: judgeCopies(source.original, copies, source.rule, now) };
}

function factsOf(
  { repository, place, medium, administrator, problem, proofs }: Seen,
  inside: readonly SeenSnapshot[],
): Omit<CopyFacts, 'isLatestOnly'> {
  const good = inside.filter(({ state }) => state !== 'bad').toSorted((a, b) => a.time.getTime() - b.time.getTime());
  const proven = good.flatMap(({ id, time }) => {
    const proof = proofs(id);
    return proof === undefined ? [] : [{ ...proof, of: time }];
  });
  const [proof] = proven.toSorted((a, b) => b.at.getTime() - a.at.getTime());
  return { repository, place, medium, administrator, problem, newest: good.at(-1)?.time, proof };
}
