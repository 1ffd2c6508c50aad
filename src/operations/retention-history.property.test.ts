import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { snapshotOf } from '../../test/fixtures/snapshots.ts';
import type { Snapshot } from '../engines/engine.ts';
import type { LastFailure } from '../rules/retention-guard.ts';
import { seriesKey } from '../rules/series.ts';
import { decideRepository, type KeepFor, type RepositoryDecision } from './keep-decision.ts';
import { pointTags } from './recovery-point.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const SOURCES = ['db', 'blobs'];
const REPOSITORIES = ['vault', 'cloud'];

/** What each job keeps in each of the repositories. */
const KEEP: Readonly<Record<string, readonly KeepFor[]>> = {
  vault: [
    { job: 'nightly', sources: SOURCES, policy: { last: 2, daily: 3 }, timeZone: 'UTC', newestWithinMs: 7 * DAY_MS },
    { job: 'hourly', sources: ['db'], policy: { hourly: 4 }, timeZone: 'Europe/London', newestWithinMs: 7 * DAY_MS },
  ],
  cloud: [
    { job: 'nightly', sources: SOURCES, policy: { tags: [['release']] }, timeZone: 'UTC', newestWithinMs: 7 * DAY_MS },
  ],
};

type Step =
  | { readonly do: 'wait'; readonly hours: number }
  /** The clock of the machine is set wrong, or right again (0). */
  | { readonly do: 'set clock'; readonly offHours: number }
  | { readonly do: 'backup'; readonly outcomes: readonly boolean[]; readonly host: string }
  | { readonly do: 'restore'; readonly pick: number }
  | { readonly do: 'cleanup'; readonly listing: 'whole' | 'unreadable' | 'truncated'; readonly pick: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), hours: fc.integer({ min: 1, max: 40 }) }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('wait' as const), hours: fc.integer({ min: 100, max: 900 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('set clock' as const),
        offHours: fc.oneof(
          fc.constant(0),
          fc.integer({ min: -20_000, max: 20_000 }),
          fc.integer({ min: -30, max: 30 }),
        ),
      }),
    },
    {
      weight: 9,
      arbitrary: fc.record({
        do: fc.constant('backup' as const),
        // One for each source and repository.
        outcomes: fc.array(
          fc.integer({ min: 0, max: 9 }).map((number) => number > 0),
          { minLength: 4, maxLength: 4 },
        ),
        host: fc.constantFrom('main', 'main', 'other'),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('restore' as const), pick: fc.nat() }) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('cleanup' as const),
        listing: fc.constantFrom(
          'whole' as const,
          'whole' as const,
          'whole' as const,
          'unreadable' as const,
          'truncated' as const,
        ),
        pick: fc.nat(),
      }),
    },
  ),
  { maxLength: 80, size: 'max' },
);

test('whatever happens to backups and clocks, cleanup never removes what invariant 3 protects', () => {
  let removed = 0;
  let refused = 0;
  fc.assert(
    fc.property(steps, (all) => {
      const world = new World();
      for (const step of all) world.take(step);
      removed += world.removed;
      refused += world.refused;
    }),
    { numRuns: 300 },
  );
  // Histories in which nothing ever goes, or nothing is ever refused, would show nothing.
  assert.ok(removed > 500 && refused > 100, `${removed} removed, ${refused} refused`);
});

/** Repositories as they really are, beside what each clock said. */
class World {
  removed = 0;
  refused = 0;
  #realMs = Date.UTC(2026, 2, 1);
  #offMs = 0;
  #number = 0;
  /** In the order in which they were really stored. */
  readonly #stored: Record<string, Snapshot[]> = { vault: [], cloud: [] };
  readonly #lastAttempt = new Map<string, LastFailure | undefined>();
  readonly #proven = new Set<string>();

  take(step: Step): void {
    if (step.do === 'wait') this.#realMs += step.hours * HOUR_MS;
    else if (step.do === 'set clock') this.#offMs = step.offHours * HOUR_MS;
    else if (step.do === 'backup') this.#backup(step.outcomes, step.host);
    else if (step.do === 'restore') this.#restore(step.pick);
    else for (const repository of REPOSITORIES) this.#cleanup(repository, step.listing, step.pick);
  }

  get #now(): Date {
    return new Date(this.#realMs + this.#offMs);
  }

  #backup(outcomes: readonly boolean[], host: string): void {
    const time = this.#now;
    const run = `R${this.#number++}`;
    for (const [at, ok] of outcomes.entries()) {
      const [source, repository] = [SOURCES[at % 2]!, REPOSITORIES[at >> 1]!];
      const failure = ok ? undefined : { time, message: 'it failed' };
      this.#lastAttempt.set(`${source} ${repository}`, failure);
      if (ok) this.#store({ source, repository, run, host, time });
    }
    this.#realMs += 60_000;
  }

  #store(given: { source: string; repository: string; run: string; host: string; time: Date }): void {
    const { source, repository, run, host, time } = given;
    const stored = this.#stored[repository]!;
    const own = stored.filter((one) => one.source === source && one.host === host);
    const parent = newestOf(own)?.id;
    const tags = pointTags('nightly', { number: SOURCES.indexOf(source) + 1, of: 2 });
    if (this.#number % 17 === 0) tags.push('hold');
    stored.push(snapshotOf({ id: `a${this.#number++}f`, source, host, time, tags, recoveryPoint: run, parent }));
    this.#realMs += 60_000;
  }

  #restore(pick: number): void {
    const all = Object.values(this.#stored).flat();
    const one = all[pick % Math.max(1, all.length)];
    if (one !== undefined) this.#proven.add(one.id);
  }

  #cleanup(repository: string, listing: Extract<Step, { do: 'cleanup' }>['listing'], pick: number): void {
    const stored = this.#stored[repository]!;
    const shown = listing === 'truncated' ? stored.filter((_, at) => at !== pick % stored.length) : stored;
    const lastFailures = new Map<string, LastFailure>();
    for (const source of SOURCES) {
      const failure = this.#lastAttempt.get(`${source} ${repository}`);
      if (failure !== undefined) lastFailures.set(source, failure);
    }
    const restoring = new Set(stored.length > 0 && pick % 3 === 0 ? [stored[pick % stored.length]!.id] : []);
    const unreadable = listing === 'unreadable' ? [{ id: 'ff', error: new Error('damaged') }] : [];
    const sorted = shown.toSorted((left, right) => left.time.getTime() - right.time.getTime());
    const decision = decideRepository({ snapshots: sorted, unreadable }, KEEP[repository]!, {
      ...{ now: this.#now, proven: this.#proven, lastFailures, restoring },
      missing: stored.length - shown.length,
    });
    this.#check(decision, {
      shown: sorted,
      isPartial: unreadable.length > 0 || (shown !== stored && stored.length > 0),
      restoring,
      repository,
    });
    const gone = new Set(decision.remove.map(({ snapshot }) => snapshot.id));
    this.#stored[repository] = stored.filter(({ id }) => !gone.has(id));
    this.removed += gone.size;
    this.refused += decision.refused === undefined ? decision.refusedSeries.length : 1;
  }

  #check(
    { keep, remove }: RepositoryDecision,
    how: { shown: readonly Snapshot[]; isPartial: boolean; restoring: ReadonlySet<string>; repository: string },
  ): void {
    const { shown, isPartial, restoring, repository } = how;
    const decided = [...keep, ...remove];
    assert.deepEqual(decided.map(({ snapshot }) => snapshot.id).sort(), shown.map(({ id }) => id).sort());
    assert.ok(decided.every(({ reasons }) => reasons.length > 0 && reasons.every((reason) => reason !== '')));
    const removed = new Set(remove.map(({ snapshot }) => snapshot.id));
    if (isPartial) assert.equal(removed.size, 0, 'a partial listing deletes nothing');
    const nowMs = this.#now.getTime();
    const isFuture = shown.some(({ time }) => time.getTime() > nowMs + 10 * 60_000);
    if (isFuture) assert.equal(removed.size, 0, 'an odd clock deletes nothing');
    for (const { id, tags } of shown) {
      if (restoring.has(id) || tags.includes('hold')) assert.ok(!removed.has(id), `${id} is held`);
    }
    for (const members of Map.groupBy(this.#stored[repository]!, seriesKey).values()) {
      this.#checkSeries(members, removed);
    }
    for (const source of SOURCES) {
      const own = shown.filter((one) => one.source === source);
      const gone = own.filter(({ id }) => removed.has(id)).length;
      const newest = newestOf(own)?.time.getTime() ?? nowMs;
      if (newest < nowMs - 7 * DAY_MS) assert.equal(gone, 0, 'nothing goes where backups are not made any more');
      const failure = this.#lastAttempt.get(`${source} ${repository}`);
      if (failure !== undefined && newest <= failure.time.getTime())
        assert.equal(gone, 0, 'nothing goes after a failure');
    }
    this.#checkPoints(repository, removed);
  }

  #checkSeries(members: readonly Snapshot[], removed: ReadonlySet<string>): void {
    const left = members.filter(({ id }) => !removed.has(id));
    assert.ok(!removed.has(members.at(-1)!.id), 'what was stored last stays, whatever its date');
    assert.equal(newestOf(left)?.time.getTime(), newestOf(members)?.time.getTime(), 'the newest stays');
    const proven = (all: readonly Snapshot[]) => newestOf(all.filter(({ id }) => this.#proven.has(id)))?.time.getTime();
    assert.equal(proven(left), proven(members), 'the newest proven one stays');
  }

  /** The newest recovery point with all its members stays whole. */
  #checkPoints(repository: string, removed: ReadonlySet<string>): void {
    const points = [...Map.groupBy(this.#stored[repository]!, (one) => one.recoveryPoint).values()];
    const complete = points.filter((members) => members.length === SOURCES.length);
    const timeOf = (members: readonly Snapshot[]) => members[0]!.time.getTime();
    const newestMs = Math.max(...complete.map(timeOf));
    const [newest, ...rivals] = complete.filter((members) => timeOf(members) === newestMs);
    if (newest === undefined || rivals.length > 0) return;
    assert.ok(
      newest.every(({ id }) => !removed.has(id)),
      'the newest complete point stays whole',
    );
  }
}

/** By what their clocks said. */
function newestOf(all: readonly Snapshot[]): Snapshot | undefined {
  return all.toSorted((left, right) => left.time.getTime() - right.time.getTime()).at(-1);
}
