import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Ordered, orderSources } from './order.ts';

function names(sources: readonly Ordered[]): string[] {
  return orderSources(sources).map((source) => source.name);
}

const files = (name: string, ...after: string[]): Ordered => ({ name, kind: 'files', after });
const sqlite = (name: string, ...after: string[]): Ordered => ({ name, kind: 'sqlite', after });

test('databases are read before files, and otherwise the given order stays', () => {
  assert.deepEqual(names([files('b'), sqlite('y'), files('a'), sqlite('x')]), ['y', 'x', 'b', 'a']);
});

test('`after` goes before the order by kind', () => {
  assert.deepEqual(names([sqlite('db', 'media'), files('media')]), ['media', 'db']);
});

test('a name in `after` that is not part of the run counts for nothing', () => {
  assert.deepEqual(names([files('media', 'elsewhere'), sqlite('db')]), ['db', 'media']);
});

test('sources that wait for each other are an error that names them', () => {
  assert.throws(() => names([files('a', 'b'), files('b', 'a'), sqlite('c')]), {
    code: 'config.cycle',
    message: 'the sources a, b wait for each other',
  });
});
