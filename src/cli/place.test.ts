import assert from 'node:assert/strict';
import { test } from 'node:test';
import { homeFolder } from '../base/environment.ts';
import { placeOf } from './place.ts';

test('what a person types is below the home folder, below the configuration, or absolute', () => {
  assert.equal(placeOf('/etc/surety', '~/documents'), `${homeFolder()}/documents`);
  assert.equal(placeOf('/etc/surety', '~'), homeFolder());
  assert.equal(placeOf('/etc/surety', 'vault'), '/etc/surety/vault');
  assert.equal(placeOf('/etc/surety', '/srv/~/vault'), '/srv/~/vault');
});
