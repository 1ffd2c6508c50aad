import assert from 'node:assert/strict';
import { test } from 'node:test';
import { postgresOptions, postgresSchema, takesGlobals } from './options.ts';

const problemsOf = (raw: unknown) => postgresSchema.safeParse(raw).error?.issues.map(({ message }) => message) ?? [];

test('a name is all that is needed', () => {
  const options = postgresOptions({
    ...postgresSchema.parse({ database: 'shop' }),
    type: 'postgres',
    host: 'local',
  } as never);
  assert.deepEqual(options, {
    database: 'shop',
    format: 'plain',
    clean: false,
    no_owner: false,
    no_privileges: false,
    vacuumlo: false,
    fingerprint: 'full',
    lock_timeout: 60_000,
  });
});

test('what contradicts itself is refused', () => {
  assert.deepEqual(problemsOf({}), ['exactly one of `database` and `databases` is needed']);
  assert.deepEqual(problemsOf({ database: 'a', databases: ['b'] }), [
    'exactly one of `database` and `databases` is needed',
  ]);
  assert.deepEqual(problemsOf({ database: 'a', server: 'x', socket: '/y' }), [
    '`server` and `socket` exclude each other',
  ]);
  assert.deepEqual(problemsOf({ database: 'a', jobs: 2 }), ['`jobs` needs `format: directory`']);
  assert.deepEqual(problemsOf({ database: 'a', format: 'dumpall' }), ['`format: dumpall` dumps the whole server']);
  const parts = { databases: 'all', format: 'dumpall', tables: ['a'] };
  assert.deepEqual(problemsOf(parts), ['`format: dumpall` takes everything as it is']);
  assert.equal(problemsOf({ database: 'a\nb' }).length, 1);
});

test('roles belong to whole servers, unless it is said otherwise', () => {
  const of = (raw: Readonly<Record<string, unknown>>) => takesGlobals(postgresSchema.parse(raw));
  assert.equal(of({ databases: 'all' }), true);
  assert.equal(of({ databases: 'all', globals: false }), false);
  assert.equal(of({ databases: ['a'] }), false);
  assert.equal(of({ database: 'a', globals: true }), true);
  assert.equal(of({ databases: 'all', format: 'dumpall' }), false);
});
