import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SuretyError } from '../base/errors.ts';
import type { Exit, Reach } from '../reach/reach.ts';
import { runTool } from './tool.ts';

const { signal } = new AbortController();

function failing(exit: Exit): Reach {
  return {
    traits: { kind: 'ssh', host: 'main', localFiles: false },
    exec: () => ({ stdout: (async function* () {})(), stderr: () => '', exit: Promise.resolve(exit) }),
    async [Symbol.asyncDispose]() {},
  };
}

test('a host that lets nobody in is told as that, with what to do, and not as a failure of the program', async () => {
  const error = new SuretyError('reach.denied', 'the login was refused', { hint: 'put the public key there' });
  const reach = failing({ code: null, signal: null, error });
  await assert.rejects(runTool(reach, ['pg_dump'], { signal, doing: 'dump of shop' }), {
    ...{ code: 'reach.denied', message: 'dump of shop: the login was refused', hint: 'put the public key there' },
  });
});
