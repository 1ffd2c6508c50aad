import assert from 'node:assert/strict';
import { test } from 'node:test';
import { format, inspect } from 'node:util';
import { Secret } from './secret.ts';

test('a secret shows itself only when asked to', () => {
  const secret = new Secret('hunter2');
  const error = new Error('failed', { cause: { secret } });
  const shown = [
    `${secret}`,
    JSON.stringify({ secret }),
    inspect({ nested: [secret] }, { depth: 9, showHidden: true }),
    format('%s %o %j %O', secret, secret, secret, secret),
    inspect(error),
    JSON.stringify(Object.entries(secret)),
  ];
  for (const text of shown) assert.ok(!text.includes('hunter2'), text);
  assert.equal(shown[0], '[secret]');
  assert.equal(secret.reveal(), 'hunter2');
});
