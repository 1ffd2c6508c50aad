import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toJson } from './json.ts';
import { printable } from './printable.ts';
import { state, table } from './render.ts';

const ESCAPE = String.fromCharCode(27);
const HOSTILE = `a${ESCAPE}[2J${ESCAPE}]0;title\x07\rb\u202etxt\x9b1m`;

test('a name that steers a terminal is shown, and what it stands in stays as it was', () => {
  const rows = [[state('ok', true), HOSTILE, 'naïve ☃ 😀']];
  const shown = printable(table([{ title: 'State' }, { title: 'Host' }, { title: '' }], rows), true);
  const said = 'a\\x1b[2J\\x1b]0;title\\x07\\x0db\\u202etxt\\u009b1m';
  assert.match(shown, /^State {2}Host/);
  assert.equal(shown.split('\n')[1], `${ESCAPE}[32mok${ESCAPE}[0m     ${said}  naïve ☃ 😀`);
  assert.equal(printable(`${ESCAPE}[8mhidden`, true), '\\x1b[8mhidden', 'only the colours of our own');
  assert.equal(printable(`${ESCAPE}[31mred`), '\\x1b[31mred', 'where there are any');
});

test('a line break in a cell makes no row', () => {
  assert.equal(table([{ title: '' }], [['one\ntwo']]), 'one\\x0atwo\n');
});

test('a JSON document has none of it either, and says the same', () => {
  const json = toJson({ host: HOSTILE });
  assert.ok(![ESCAPE, '\x07', '\x9b', '\u202e'].some((unseen) => json.includes(unseen)));
  assert.deepEqual(JSON.parse(json), { host: HOSTILE });
});
