import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hasCode } from '../../base/errors.ts';
import { type Ordered, orderSources, planOrder, roleOf } from './order.ts';

function names(sources: readonly Ordered[]): string[] {
  return orderSources(sources).map((source) => source.name);
}

const files = (name: string, ...after: string[]): Ordered => ({ name, kind: 'files', after });
const sqlite = (name: string, ...after: string[]): Ordered => ({ name, kind: 'sqlite', after });
const blobs = (name: string, ...after: string[]): Ordered => ({ name, kind: 'files', role: 'blobs', after });

function waits(sources: readonly Ordered[]): Record<string, readonly string[]> {
  return Object.fromEntries(planOrder(sources).map(({ source, waitsFor }) => [source.name, waitsFor]));
}

test('databases are read before blobs and those before files, and otherwise the given order stays', () => {
  assert.deepEqual(names([files('b'), blobs('m'), sqlite('y'), files('a'), sqlite('x')]), ['y', 'x', 'm', 'b', 'a']);
});

test('a tier waits for all of the tiers before it, and what is in one tier waits for nothing in it', () => {
  assert.deepEqual(waits([files('a'), blobs('m'), files('b'), sqlite('x'), sqlite('y')]), {
    x: [],
    y: [],
    m: ['x', 'y'],
    a: ['x', 'y', 'm'],
    b: ['x', 'y', 'm'],
  });
});

test('`after` adds to the order inside of a tier', () => {
  assert.deepEqual(waits([sqlite('x', 'y'), sqlite('y')]), { y: [], x: ['y'] });
});

test('`after` goes before the order by kind, and only for what it names', () => {
  assert.deepEqual(names([sqlite('db', 'media'), files('media')]), ['media', 'db']);
  assert.deepEqual(waits([sqlite('db', 'media'), sqlite('other'), blobs('m'), files('media'), files('rest')]), {
    other: [],
    media: ['other'],
    db: ['media'],
    m: ['other', 'db'],
    rest: ['other', 'db', 'm'],
  });
});

test('a role goes before the kind', () => {
  assert.equal(roleOf({ kind: 'files', role: 'database' }), 'database');
  assert.deepEqual(names([sqlite('cache', 'nothing'), { ...files('dump'), role: 'database' }]), ['cache', 'dump']);
  assert.deepEqual(names([{ ...sqlite('late'), role: 'data' }, files('a'), blobs('m')]), ['m', 'late', 'a']);
});

test('a name in `after` that is not part of the run counts for nothing', () => {
  assert.deepEqual(names([files('media', 'elsewhere'), sqlite('db')]), ['db', 'media']);
});

test('sources that wait for each other are an error that names them, and nobody who only waits for them', () => {
  assert.throws(() => names([files('a', 'b'), files('b', 'a'), sqlite('c'), files('d', 'a')]), {
    code: 'config.cycle',
    message: 'the sources a, b wait for each other',
  });
  assert.throws(() => names([files('a', 'a')]), { code: 'config.cycle' });
});

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
const graph = fc.subarray(NAMES, { minLength: 1 }).chain((chosen) =>
  fc.tuple(
    ...chosen.map((name) =>
      fc.record({
        name: fc.constant(name),
        kind: fc.constantFrom('sqlite', 'postgres', 'files', 'command'),
        role: fc.constantFrom('config' as const, 'database' as const, 'blobs' as const, 'data' as const, undefined),
        after: fc.subarray(NAMES, { maxLength: 2 }),
      }),
    ),
  ),
);

/** All that must come before `name` by `after` alone. */
function required(sources: readonly Ordered[], name: string, found = new Set<string>()): Set<string> {
  const source = sources.find((one) => one.name === name);
  for (const before of source?.after ?? []) {
    if (found.has(before) || !sources.some((one) => one.name === before)) continue;
    found.add(before);
    required(sources, before, found);
  }
  return found;
}

test('for any sources, the plan keeps to every `after` and to the tiers, or names a circle', () => {
  const tiers = ['config', 'database', 'blobs', 'data'];
  const tier = (source: Ordered) => tiers.indexOf(roleOf(source));
  let planned = 0;
  fc.assert(
    fc.property(graph, (sources) => {
      const circular = sources.filter(({ name }) => required(sources, name).has(name));
      let plan: ReturnType<typeof planOrder<Ordered>>;
      try {
        plan = planOrder<Ordered>(sources);
      } catch (error) {
        assert.ok(hasCode(error, 'config.cycle') && circular.length > 0, String(error));
        for (const { name } of circular) assert.match(error.message, new RegExp(`\\b${name}\\b`));
        return;
      }
      planned += 1;
      assert.deepEqual(circular, []);
      assert.deepEqual(plan.map(({ source }) => source.name).sort(), sources.map(({ name }) => name).sort());
      for (const [at, { source, waitsFor }] of plan.entries()) {
        const earlier = plan.slice(0, at).map((one) => one.source);
        assert.ok(waitsFor.every((name) => earlier.some((one) => one.name === name)));
        for (const name of required(sources, source.name)) assert.ok(earlier.some((one) => one.name === name));
        for (const name of source.after)
          assert.ok(waitsFor.includes(name) || !sources.some((one) => one.name === name));
        for (const other of sources) {
          if (tier(other) >= tier(source) || waitsFor.includes(other.name)) continue;
          // Before something of a lower tier: only because something of that tier, or below, is to come after it.
          const asked = sources.some((one) => tier(one) <= tier(other) && required(sources, one.name).has(source.name));
          assert.ok(asked, `${source.name} does not wait for ${other.name}`);
        }
      }
    }),
    { numRuns: 500 },
  );
  assert.ok(planned > 50);
});
