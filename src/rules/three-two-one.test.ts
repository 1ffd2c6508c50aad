import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { mostApart } from './apart.ts';
import { type Keeping, mayShareMedium, THIS_MACHINE } from './keeping.ts';
import { type CopiesRule, type CopyFacts, judgeCopies, type Original } from './three-two-one.ts';

const NOW = new Date('2026-11-20T12:00:00Z');
const hoursAgo = (hours: number) => new Date(NOW.getTime() - hours * 3_600_000);
const DAY_MS = 86_400_000;

const here = (disks: readonly string[], site?: string): Keeping => ({
  place: { kind: 'here', hosts: [THIS_MACHINE], site },
  medium: { hosts: [THIS_MACHINE], disks, shown: disks.join() },
  administrator: { marks: [THIS_MACHINE], name: undefined, shown: THIS_MACHINE },
});

const cloud = (host: string, more: { key?: string; name?: string; site?: string; part?: string } = {}): Keeping => ({
  place: { kind: 'elsewhere', hosts: [host], site: more.site },
  medium: { hosts: [host], disks: more.part === undefined ? [] : [more.part], shown: host },
  administrator: { marks: [more.key ?? host], name: more.name, shown: host },
});

const ORIGINAL: Original = { ...here(['sda']), isThere: true };
const RULE: CopiesRule = { copies: 3, media: 2, offSite: 1, maxAgeMs: 2 * DAY_MS, verifiedWithinMs: 30 * DAY_MS };

function copy(repository: string, keeping: Keeping, more: Partial<CopyFacts> = {}): CopyFacts {
  const proof = { how: 'verified' as const, at: hoursAgo(5), of: hoursAgo(6) };
  return { repository, ...keeping, newest: hoursAgo(6), proof, problem: undefined, isLatestOnly: false, ...more };
}

function judge(copies: readonly CopyFacts[], rule: CopiesRule | undefined = RULE, original = ORIGINAL) {
  return judgeCopies(original, copies, rule, NOW);
}

const numbers = ({ copies, media, offSite, administrators }: ReturnType<typeof judge>) =>
  [copies, media, offSite, administrators].join('-');

describe('the rule of three, two and one', () => {
  test('is kept by a copy on another disk and one in a cloud', () => {
    const verdict = judge([copy('disk', here(['sdb'])), copy('cloud', cloud('s3.example.org'))]);
    assert.equal(verdict.kept, true);
    assert.equal(numbers(verdict), '3-3-1-2');
    assert.deepEqual(verdict.reasons, []);
  });

  const counted: readonly [what: string, keeping: Keeping[], expected: string][] = [
    ['two folders on the disk of the original', [here(['sda']), here(['sda'])], '3-1-0-1'],
    ['an array that has that disk', [here(['sda', 'sdb'])], '2-1-0-1'],
    ['two other disks', [here(['sdb']), here(['sdc'])], '3-3-0-1'],
    ['an array over the disks of two others', [here(['sdb']), here(['sdc']), here(['sdb', 'sdc'])], '4-3-0-1'],
    ['a disk that can not be told', [here([]), here(['sdb'])], '3-2-0-1'],
    ['two buckets of one service', [cloud('s3'), cloud('s3', { key: 'other' })], '3-2-2-3'],
    ['two regions of one service', [cloud('s3', { part: 'eu' }), cloud('s3', { part: 'us' })], '3-3-2-2'],
    ['a region and one that is not known', [cloud('s3', { part: 'eu' }), cloud('s3')], '3-2-2-2'],
    ['one key for two services', [cloud('a', { key: 'k' }), cloud('b', { key: 'k' })], '3-3-2-2'],
    ['one key under two names', [cloud('a', { key: 'k', name: 'x' }), cloud('b', { key: 'k', name: 'y' })], '3-3-2-2'],
    ['two keys under one name', [cloud('a', { name: 'x' }), cloud('b', { name: 'x' })], '3-3-2-2'],
    ['a disk here with a site', [here(['sdb'], 'cellar')], '2-2-0-1'],
  ];
  for (const [what, keepings, expected] of counted) {
    test(`counts ${what} as ${expected}`, () => {
      assert.equal(numbers(judge(keepings.map((one, at) => copy(`r${at}`, one)))), expected);
    });
  }

  const uncounted: readonly [code: string, more: Partial<CopyFacts>, says: RegExp][] = [
    ['no-backup', { newest: undefined, proof: undefined }, /no good backup/],
    ['old', { newest: hoursAgo(72) }, /3d 00h old, at most 2d/],
    ['clock', { newest: hoursAgo(-3) }, /future/],
    ['unproven', { proof: undefined }, /ever read back whole/],
    ['proof-old', { proof: { how: 'restored', at: hoursAgo(31 * 24), of: hoursAgo(800) } }, /31d 00h ago, at most 30d/],
    ['problem', { problem: 'there is no folder /x now' }, /there is no folder/],
  ];
  for (const [code, more, says] of uncounted) {
    test(`does not count what is ${code}, and says why`, () => {
      const verdict = judge([copy('cloud', cloud('s3')), copy('disk', here(['sdb']), more)]);
      assert.equal(verdict.kept, false);
      assert.deepEqual(verdict.counted, ['cloud']);
      assert.deepEqual(
        verdict.reasons.map((one) => [one.code, one.alarm, one.repository]),
        [
          ['copies', true, ''],
          [code, false, 'disk'],
        ],
      );
      assert.match(verdict.reasons[1]!.text, says);
    });
  }

  test('without one, everything is shown and nothing judged', () => {
    const verdict = judgeCopies(ORIGINAL, [copy('disk', here(['sda']), { newest: hoursAgo(5000) })], undefined, NOW);
    assert.equal(verdict.kept, undefined);
    assert.equal(numbers(verdict), '2-1-0-1');
    assert.ok(verdict.reasons.every(({ alarm }) => !alarm));
  });

  test('an original that is gone does not count', () => {
    const verdict = judge([copy('cloud', cloud('s3'))], RULE, { ...ORIGINAL, isThere: false });
    assert.equal(verdict.copies, 1);
    assert.ok(verdict.reasons.some(({ code }) => code === 'no-original'));
  });

  test('copies that keep only the newest state are told of when there are no others', () => {
    const latest = { isLatestOnly: true };
    const codes = (copies: CopyFacts[]) => judge(copies).reasons.map(({ code }) => code);
    assert.ok(codes([copy('a', cloud('x'), latest), copy('b', here(['sdb']), latest)]).includes('latest-only'));
    assert.deepEqual(codes([copy('a', cloud('x'), latest), copy('b', here(['sdb']))]), []);
  });
});

describe('off-site', () => {
  const away = (site?: string): Keeping => ({
    ...cloud('nas'),
    place: { kind: 'unknown', hosts: ['10.8.0.2'], site },
  });
  const original = (site?: string): Original => ({ ...here(['sda'], site), isThere: true });
  const offSite = (keeping: Keeping, of: Original) => judge([copy('r', keeping)], RULE, of).offSite;

  test('what can not be seen is where the configuration says, if it says so of both', () => {
    assert.equal(offSite(away(), original('home')), 0);
    assert.equal(offSite(away('office'), original()), 0);
    assert.equal(offSite(away('office'), original('home')), 1);
    assert.equal(offSite(away('home'), original('home')), 0);
  });

  test('a service that stands where the original is, as the configuration says, is not', () => {
    assert.equal(offSite(cloud('s3'), original('home')), 1);
    assert.equal(offSite(cloud('s3', { site: 'home' }), original('home')), 0);
  });

  test('a machine in a network of this one is where the configuration says, and else not', () => {
    const nas = (site?: string): Keeping => ({ ...away(site), place: { kind: 'network', hosts: ['nas'], site } });
    assert.equal(offSite(nas(), original('home')), 0);
    assert.equal(offSite(nas('office'), original('home')), 1);
    assert.equal(offSite(cloud('s3'), { ...nas(), isThere: true }), 1);
  });

  test('what is seen to be here is not, whatever is said', () => {
    assert.equal(offSite(here(['sdb'], 'office'), original('home')), 0);
  });
});

const keeping = fc
  .record({
    kind: fc.constantFrom('here' as const, 'network' as const, 'elsewhere' as const, 'unknown' as const),
    host: fc.constantFrom(THIS_MACHINE, 'a', 'b'),
    disks: fc.subarray(['1', '2', '3']),
    marks: fc.subarray(['k', 'l', 'm']),
    site: fc.constantFrom(undefined, 'home', 'office'),
    name: fc.constantFrom(undefined, 'x', 'y'),
  })
  .map(
    ({ kind, host, disks, marks, site, name }): Keeping => ({
      place: { kind, hosts: [host], site },
      medium: { hosts: [host], disks, shown: '' },
      administrator: { marks, name, shown: '' },
    }),
  );
const facts = fc
  .tuple(keeping, fc.integer({ min: -2, max: 90 }), fc.option(fc.integer({ min: 0, max: 40 }), { nil: undefined }))
  .map(([one, age, days]) =>
    copy('r', one, {
      newest: hoursAgo(age),
      proof: days === undefined ? undefined : { how: 'verified', at: hoursAgo(days * 24), of: hoursAgo(days * 24) },
    }),
  );
const rule = fc.record({
  copies: fc.integer({ min: 1, max: 5 }),
  media: fc.integer({ min: 1, max: 5 }),
  offSite: fc.integer({ min: 0, max: 3 }),
  maxAgeMs: fc.constantFrom(undefined, DAY_MS),
  verifiedWithinMs: fc.constantFrom(undefined, 10 * DAY_MS),
  administrators: fc.constantFrom(undefined, 2),
});

test('one copy more never makes a verdict worse', () => {
  fc.assert(
    fc.property(keeping, fc.array(facts, { maxLength: 6 }), facts, rule, (at, copies, more, wanted) => {
      const original = { ...at, isThere: true };
      const before = judge(copies, wanted, original);
      const after = judge([...copies, more], wanted, original);
      for (const key of ['copies', 'media', 'offSite', 'administrators'] as const)
        assert.ok(after[key] >= before[key], key);
      assert.ok(after.kept === true || before.kept === false);
    }),
  );
});

test('two on one disk are never two media, whatever else there is', () => {
  fc.assert(
    fc.property(fc.array(facts, { maxLength: 5 }), facts, fc.string(), (copies, one, site) => {
      const twin = { ...one, repository: 'twin', place: { ...one.place, site } };
      assert.equal(judge([...copies, one, twin]).media, judge([...copies, one]).media);
    }),
  );
});

test('as many as possible are chosen, and never two that may be one', () => {
  fc.assert(
    fc.property(fc.array(keeping, { maxLength: 7 }), (all) => {
      let best = 0;
      for (let chosen = 0; chosen < 1 << all.length; chosen++) {
        const some = all.filter((_, at) => (chosen >> at) & 1);
        const clash = some.some((one, at) => some.slice(at + 1).some((other) => mayShareMedium(one, other)));
        if (!clash) best = Math.max(best, some.length);
      }
      assert.equal(mostApart(all, mayShareMedium), best);
    }),
  );
});
