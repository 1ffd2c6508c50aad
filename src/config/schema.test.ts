import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configJsonSchema, knownKeys, valueAt } from './schema.ts';

const raw = {
  sources: { media: { type: 'files', paths: [] }, app: { type: 'sqlite' }, other: {} },
  repositories: { vault: { type: 'restic', password: {} } },
};

test('the schema is JSON and describes what may stand in the file', () => {
  const schema = JSON.parse(JSON.stringify(configJsonSchema()));
  assert.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema');
  assert.equal(schema.additionalProperties, false);
  assert.deepEqual(schema.required, ['repositories']);
  const [restic] = schema.properties.repositories.additionalProperties.oneOf;
  assert.deepEqual(restic.required.sort(), ['password', 'store', 'type']);
  assert.equal(restic.properties.compression.maximum, 19);
  assert.match(restic.properties.password.description, /env: NAME/);
});

test('known keys are those of the place, and of the kind that stands there', () => {
  assert.deepEqual(knownKeys(raw, []), [
    'hosts',
    'sources',
    'repositories',
    'jobs',
    'copies',
    'maintenance',
    'scenarios',
    'notifications',
  ]);
  assert.ok(knownKeys(raw, ['sources', 'media']).includes('exclude'));
  assert.ok(!knownKeys(raw, ['sources', 'app']).includes('exclude'));
  assert.ok(knownKeys(raw, ['sources', 'other']).includes('exclude'));
  assert.deepEqual(knownKeys(raw, ['repositories', 'vault', 'password']), ['env', 'file', 'command']);
  assert.deepEqual(knownKeys(raw, ['sources']), []);
});

test('values are found by their path, and only own ones', () => {
  assert.equal(valueAt(raw, ['sources', 'media', 'type']), 'files');
  assert.equal(valueAt(raw, ['sources', 'constructor']), undefined);
  assert.equal(valueAt(raw, ['sources', 'media', 'type', 'length']), undefined);
});
