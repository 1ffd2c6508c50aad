import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '../../base/errors.ts';
import { addressText, parseAddress } from './address.ts';

test('addresses are read with and without a name', () => {
  for (const [text, name, address] of [
    ['ops@example.org', '', 'ops@example.org'],
    ['Operations <ops+backup@example.org>', 'Operations', 'ops+backup@example.org'],
    ['"Ada Löwe" <ada@bücher.example>', 'Ada Löwe', 'ada@bücher.example'],
    ['root@localhost', '', 'root@localhost'],
    ['x@[127.0.0.1]', '', 'x@[127.0.0.1]'],
  ] as const) {
    assert.deepEqual(parseAddress(text), { name, address });
  }
  assert.equal(addressText(parseAddress('"Ada Löwe" <ada@example.org>')), 'Ada Löwe <ada@example.org>');
});

test('what is none, or more than one, is refused', () => {
  const wrong = [
    '',
    'ops',
    '@example.org',
    'ops@',
    'a b@example.org',
    'ops@exa mple.org',
    'a@b@c',
    'a@example.org, b@example.org',
    'A, B <a@example.org>',
    'a..b@example.org',
    'ops@-example.org',
    'ops@example..org',
    'ops@example.org\r\nBcc: x@example.org',
    'Ops\n <ops@example.org>',
    `${'a'.repeat(65)}@example.org`,
  ];
  for (const text of wrong) {
    assert.throws(
      () => parseAddress(text),
      (error) => hasCode(error, 'value.invalid-address') && error.hint !== undefined,
      JSON.stringify(text),
    );
  }
});
