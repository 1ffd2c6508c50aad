import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import { test } from 'node:test';
import { sourceInside } from './config.ts';
import { checkConfig } from './parse.ts';

function check(source: string) {
  const repository = 'vault: { type: restic, store: file:vault, password: { file: password } }';
  const text = `sources:\n  rancher: ${source}\nrepositories:\n  ${repository}\n`;
  return checkConfig({ file: '/etc/here/surety.yaml', shownAs: 'surety.yaml', text, mode: 0o600 });
}

test('a service has the name of its source, and inside what is read', () => {
  const { config, errors } = check(
    '{ type: service, stop: s, start: [t, x], after: [], of: { type: files, paths: [~/rancher] } }',
  );
  assert.deepEqual(errors, []);
  const [service] = config?.sources ?? [];
  assert.ok(service?.kind === 'service');
  const inside = sourceInside(service);
  assert.deepEqual([inside.name, inside.kind, inside.host], ['rancher', 'files', 'local']);
  assert.deepEqual(inside.kind === 'files' && inside.options.paths, [`${homedir()}/rancher`]);
  assert.deepEqual([service.options.stop, service.options.start], ['s', ['t', 'x']]);
});

test('a service is not inside of a service, and what every source has stands with the service', () => {
  const nested = '{ type: service, stop: s, start: t, of: { type: service, stop: s, start: t } }';
  assert.match(check(nested).errors[0]?.message ?? '', /there is no source of type service/);
  const attributes = '{ type: service, stop: s, start: t, of: { type: files, paths: [a], importance: must } }';
  assert.deepEqual(check(attributes).errors[0]?.path, 'sources.rancher.of.importance');
});
