import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEnv } from './env-text.ts';

const values = (text: string) => readEnv('app.env', text)?.map(({ line, key, value }) => [line, key, value]);

test('quotes, comments, export and set are what they are to shells', () => {
  const text = `# a comment
PLAIN=some value # why
export DOUBLE="a \\"b\\" \\$c" # why
SINGLE='a "b" \\n'
  set INDENTED=x
HASH=a#b
EMPTY=
EQUALS=a=b=c
`;
  assert.deepEqual(values(text), [
    [2, 'PLAIN', 'some value'],
    [3, 'DOUBLE', 'a "b" $c'],
    [4, 'SINGLE', 'a "b" \\n'],
    [5, 'INDENTED', 'x'],
    [6, 'HASH', 'a#b'],
    [7, 'EMPTY', ''],
    [8, 'EQUALS', 'a=b=c'],
  ]);
});

test('a value in quotes may have several lines, and the next one keeps its number', () => {
  assert.deepEqual(values('KEY="one\ntwo\nthree"\nNEXT=1\n'), [
    [1, 'KEY', 'one\ntwo\nthree'],
    [4, 'NEXT', '1'],
  ]);
});

test('a quote that is never closed takes only its line', () => {
  assert.deepEqual(values("A='odd\nB=2\n"), [
    [1, 'A', "'odd"],
    [2, 'B', '2'],
  ]);
});

test('paths of Windows keep their backslashes, lines may end as they do there', () => {
  assert.deepEqual(values('A="C:\\Volume D\\new"\r\nB=D:\\x\r\n'), [
    [1, 'A', 'C:\\Volume D\\new'],
    [2, 'B', 'D:\\x'],
  ]);
});

test('a text with anything else in it is not one', () => {
  assert.equal(values('A=1\nrestic backup /home\n'), undefined);
  assert.equal(values('key: value\n'), undefined);
});
