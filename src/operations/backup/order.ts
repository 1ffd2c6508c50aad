/** The order in which the sources of a run are read, and which of them may be read at the same time. */
import { SuretyError } from '../../base/errors.ts';

/** What a source is to the others of its run. */
export type Role = 'config' | 'database' | 'blobs' | 'data';

export interface Ordered {
  readonly name: string;
  readonly kind: string;
  /** Undefined: by kind. */
  readonly role?: Role | undefined;
  /** Names of sources that are read before this one; those that are not part of the run count for nothing. */
  readonly after: readonly string[];
}

export interface Planned<Source> {
  readonly source: Source;
  readonly role: Role;
  /** Names of the sources that must have ended, well or not, before this one begins. All of them come earlier in the plan. */
  readonly waitsFor: readonly string[];
}

/**
 * Configuration comes first, where a source is said to be that, then databases, then the blobs they point at, then everything
 * else: a row written between the two reads then points at a blob that is not needed, never the other way round.
 */
export const TIERS: readonly Role[] = ['config', 'database', 'blobs', 'data'];

const DATABASES: readonly string[] = ['postgres', 'mysql', 'sqlite', 'command', 'dump-files', 'service'];

/** The role of a source: what it was given, else what its kind is. */
export function roleOf({ role, kind }: Pick<Ordered, 'role' | 'kind'>): Role {
  if (role !== undefined) return role;
  if (DATABASES.includes(kind)) return 'database';
  return kind === 'blobs' ? 'blobs' : 'data';
}

/**
 * The plan of a run. `after` always holds. Each tier waits for the ones before it, except where `after` asks for the contrary: what a
 * database is to come after is read before that database, whatever it is. Throws `config.cycle` when `after` goes in a circle.
 */
export function planOrder<Source extends Ordered>(sources: readonly Source[]): Planned<Source>[] {
  const ordered = orderSources(sources);
  return ordered.map((source, at) => {
    const tier = tierOf(source);
    const before = ordered.slice(0, at);
    const awaited = before.filter((other) => source.after.includes(other.name) || tierOf(other) < tier);
    return { source, role: roleOf(source), waitsFor: awaited.map(({ name }) => name) };
  });
}

/** The given sources one after another: by `after`, then by tier, then as given. Throws `config.cycle`. */
export function orderSources<Source extends Ordered>(sources: readonly Source[]): Source[] {
  const pulled = pulledTiers(sources);
  const key = (source: Source) => (pulled.get(source.name) ?? 0) * TIERS.length + tierOf(source);
  const waiting = sources.toSorted((left, right) => key(left) - key(right));
  const ordered: Source[] = [];
  while (waiting.length > 0) {
    const at = waiting.findIndex((source) => !waiting.some((other) => source.after.includes(other.name)));
    if (at < 0) throw cycle(waiting);
    ordered.push(...waiting.splice(at, 1));
  }
  return ordered;
}

function tierOf(source: Pick<Ordered, 'role' | 'kind'>): number {
  return TIERS.indexOf(roleOf(source));
}

/** The earliest tier of each source and of all that are to come after it: that is when it is needed. */
function pulledTiers(sources: readonly Ordered[]): Map<string, number> {
  const byName = new Map(sources.map((source) => [source.name, source]));
  const tiers = new Map<string, number>();
  for (const source of sources.toSorted((left, right) => tierOf(left) - tierOf(right))) {
    const pull = [source];
    for (let next = pull.pop(); next !== undefined; next = pull.pop()) {
      if (tiers.has(next.name)) continue;
      tiers.set(next.name, tierOf(source));
      pull.push(...next.after.flatMap((name) => byName.get(name) ?? []));
    }
  }
  return tiers;
}

/** Names only those that are in the circle, not those that wait for it. */
function cycle(waiting: readonly Ordered[]): SuretyError {
  let circle = waiting;
  for (let smaller = needed(circle); smaller.length < circle.length; smaller = needed(circle)) circle = smaller;
  const names = circle.map((source) => source.name).join(', ');
  return new SuretyError('config.cycle', `the sources ${names} wait for each other`, {
    hint: 'remove one of their `after` entries',
  });
}

function needed(sources: readonly Ordered[]): readonly Ordered[] {
  return sources.filter(({ name }) => sources.some((other) => other.after.includes(name)));
}
