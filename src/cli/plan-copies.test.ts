import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Platform } from '../daemon/compose.ts';
import { type AskedCopies, type PlannedCopy, planCopies } from './plan-copies.ts';

const job = (name: string, more: object) => ({
  ...{ name, sources: ['media'], keep: { last: 3 }, keepIn: {}, timeZone: 'UTC', newestWithinMs: undefined },
  ...{ to: ['vault', 'twin'], copyTo: [], ...more },
});

const platform = {
  jobs: [
    job('nightly', {
      copyTo: [
        { repository: 'offsite', from: undefined },
        { repository: 'spare', from: ['twin'] },
      ],
    }),
    job('weekly', { sources: ['db'], to: ['vault'] }),
  ],
  repositoryNames: ['vault', 'twin', 'offsite', 'spare'],
  sources: (names: readonly string[]) => names,
} as unknown as Platform;

const NOTHING: AskedCopies = {
  ...{ names: [], to: undefined, from: undefined, source: undefined, host: undefined, since: undefined, all: false },
};

function plan(asked: Partial<AskedCopies>): PlannedCopy[] {
  return planCopies(platform, { ...NOTHING, ...asked });
}

const ways = (plans: readonly PlannedCopy[]) => plans.map(({ job: name, from, to }) => [name, from.join(' '), to]);

test('without a place it is what jobs say, from where they say or where they back up to', () => {
  const plans = plan({});
  assert.deepEqual(ways(plans), [
    ['nightly', 'vault twin', 'offsite'],
    ['nightly', 'twin', 'spare'],
  ]);
  const keep = { job: 'nightly', sources: ['media'], policy: { last: 3 }, timeZone: 'UTC', newestWithinMs: undefined };
  assert.deepEqual(plans[0]?.wanted, { sources: ['media'], since: undefined, keep: [keep] });
  assert.deepEqual(ways(plan({ names: ['nightly'] })), ways(plans));
});

test('with a place it is a job, or everything, from all other places', () => {
  assert.deepEqual(ways(plan({ names: ['weekly'], to: 'spare' })), [['weekly', 'vault', 'spare']]);
  assert.deepEqual(ways(plan({ to: 'spare' })), [['', 'vault twin offsite', 'spare']]);
  assert.deepEqual(ways(plan({ to: 'spare', from: ['offsite'] })), [['', 'offsite', 'spare']]);
  const since = new Date(0);
  const [young] = plan({ to: 'spare', source: 'db', since, all: true });
  assert.deepEqual(young?.wanted, { sources: ['db'], since, keep: undefined });
});

test('ids are copied to a place that is named', () => {
  const [one] = plan({ names: ['latest'], to: 'spare', source: 'db' });
  assert.deepEqual(one?.wanted, { ids: ['latest'], source: 'db', host: undefined });
});

test('what makes no sense together is a mistake of usage', () => {
  const mistakes: Partial<AskedCopies>[] = [
    { names: ['weekly'] },
    { names: ['nightly', 'abcd'], to: 'spare' },
    { names: ['abcd'] },
    { names: ['abcd'], to: 'spare', all: true },
    { names: ['abcd'], to: 'spare', since: new Date(0) },
    { to: 'spare', host: 'main' },
  ];
  for (const asked of mistakes) assert.throws(() => plan(asked), { code: /^usage\./ }, JSON.stringify(asked));
});
