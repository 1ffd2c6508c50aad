import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { makeScratch } from '../../test/fixtures/files-source.ts';
import { readOwners } from './owners.ts';

test('numbers get the names of the account files, the first line for a number', () => {
  using scratch = makeScratch();
  const [passwd, group] = [join(scratch.path, 'passwd'), join(scratch.path, 'group')];
  writeFileSync(
    passwd,
    '# comment\n+::::::\nanna:x:70001:70001::/:/bin/sh\nalias:x:70001:1::/:/bin/sh\nbad:x:nine:1\n',
  );
  writeFileSync(group, 'crew:x:70001:anna\n');
  const owners = readOwners(passwd, group);
  assert.deepEqual([owners.user(70_001), owners.group(70_001)], ['anna', 'crew']);
  assert.equal(owners.user(70_002), '');
});

test('what the files do not have is asked of the system', () => {
  const owners = readOwners('/nowhere', '/nowhere');
  assert.deepEqual([owners.user(0), owners.group(0), owners.user(3_999_999_999)], ['root', 'root', '']);
});
