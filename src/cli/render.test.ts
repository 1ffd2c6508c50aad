import assert from 'node:assert/strict';
import { test } from 'node:test';
import { table } from './render.ts';

const columns = [{ title: 'ID' }, { title: 'Age', spare: 1 }, { title: 'Host', spare: 2 }, { title: 'What happened' }];
const rows = [['12345678', '10 s ago', 'main', `something that took ${'very '.repeat(9)}long`]];

test('a table that is too wide leaves out what can be spared, the least first, and never the rest', () => {
  const titles = (width?: number) => table(columns, rows, '  ', width).split('\n')[0]?.trim().split(/ {2,}/);
  assert.deepEqual(titles(), ['ID', 'Age', 'Host', 'What happened']);
  assert.deepEqual(titles(52), ['ID', 'Age', 'Host', 'What happened']);
  assert.deepEqual(titles(51), ['ID', 'Host', 'What happened']);
  assert.deepEqual(titles(41), ['ID', 'What happened']);
  assert.deepEqual(titles(5), ['ID', 'What happened']);
  assert.match(table(columns, rows, '', 41), /very long\n$/);
});
