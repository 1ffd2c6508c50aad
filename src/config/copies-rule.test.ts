import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from './parse.ts';

const DAY_MS = 86_400_000;

function configOf(copies: string) {
  const text = `
sources:
  app: { type: files, paths: [/a], importance: must, copies: { copies: 4, max_age: 1d } }
  media: { type: files, paths: [/m] }
  logs: { type: files, paths: [/l], importance: could }
  cache: { type: files, paths: [/c], copies: off }
repositories:
  vault: { type: archive, store: file:/b, location: { site: cellar, administrator: anna } }
${copies}`;
  const config = parseConfig({ file: '/x/surety.yaml', shownAs: 'surety.yaml', text, mode: 0o600 });
  return { config, ruleOf: (name: string) => config.sources.find((one) => one.name === name)?.copies };
}

test('what is wanted of a source is its own, else that of its importance, else that of all', () => {
  const { config, ruleOf } = configOf(
    'copies: { media: 3, max_age: 2d, verified_within: 30d, site: home, importance: { must: { administrators: 2 }, could: { copies: 1 } } }',
  );
  const all = { copies: 3, media: 3, offSite: 1, maxAgeMs: 2 * DAY_MS, verifiedWithinMs: 30 * DAY_MS };
  assert.deepEqual(ruleOf('media'), { ...all, administrators: undefined });
  assert.deepEqual(ruleOf('app'), { ...all, copies: 4, maxAgeMs: DAY_MS, administrators: 2 });
  assert.deepEqual(ruleOf('logs'), { ...all, copies: 1, media: 1, offSite: 0, administrators: undefined });
  assert.equal(ruleOf('cache'), undefined);
  assert.equal(config.site, 'home');
  assert.deepEqual(config.repositories[0]?.location, { site: 'cellar', administrator: 'anna' });
});

test('where nothing is said nothing is wanted, but of a source that says so itself', () => {
  const { config, ruleOf } = configOf('');
  assert.deepEqual([ruleOf('media'), ruleOf('logs'), ruleOf('cache'), config.site], Array(4).fill(undefined));
  assert.deepEqual([ruleOf('app')?.copies, ruleOf('app')?.media, ruleOf('app')?.offSite], [4, 2, 1]);
});
