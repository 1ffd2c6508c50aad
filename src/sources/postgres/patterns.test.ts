import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPattern, relationCondition, schemaCondition } from './patterns.ts';

test('patterns are read as psql reads them', () => {
  assert.deepEqual(readPattern('Orders'), { schema: undefined, name: 'orders' });
  assert.deepEqual(readPattern('"Orders"'), { schema: undefined, name: 'Orders' });
  assert.deepEqual(readPattern('app_*.log?'), { schema: 'app_.*', name: 'log.' });
  assert.deepEqual(readPattern('audit."a.b""c*"'), { schema: 'audit', name: 'a\\.b"c\\*' });
  assert.deepEqual(readPattern('price$'), { schema: undefined, name: 'price\\$' });
});

test('conditions are safe whatever the pattern is', () => {
  assert.match(relationCondition({ tables: ["a'b"] }), /~ '\^\(a''b\)\$'/);
  assert.match(relationCondition({ tables: ['"a.b"'] }), /~ {2}E'\^\(a\\\\\.b\)\$'/);
});

test('chosen tables win over schemas, and what is excluded is left out of both', () => {
  const condition = relationCondition({ schemas: ['s'], tables: ['t'], exclude_schemas: ['x'], exclude_tables: ['y'] });
  assert.ok(!condition.includes('^(s)$') && !condition.includes('^(x)$'), condition);
  assert.match(condition, /\^\(t\)\$.* AND NOT .*\^\(y\)\$/);
  assert.match(schemaCondition({ schemas: ['s'], exclude_schemas: ['x'] }), /\^\(s\)\$.* AND NOT .*\^\(x\)\$/);
  assert.equal(relationCondition({}), 'true');
});
