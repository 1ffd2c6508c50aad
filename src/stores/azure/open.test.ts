import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { test } from 'node:test';
import { openAzureStore } from './open.ts';

test('without the library only this store does not work, and the error says what to install', async () => {
  const missing = registerHooks({
    resolve(specifier, context, next) {
      if (specifier !== '@azure/storage-blob') return next(specifier, context);
      throw Object.assign(new Error(`Cannot find package '${specifier}'`), { code: 'ERR_MODULE_NOT_FOUND' });
    },
  });
  try {
    await assert.rejects(openAzureStore({ container: 'backups', prefix: '' }), {
      code: 'store.failed',
      hint: /npm install .*@azure\/storage-blob/,
    });
  } finally {
    missing.deregister();
  }
});
