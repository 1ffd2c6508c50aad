import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '../../base/errors.ts';
import { sftpOptionsFromUrl, sftpOptionsIn, sftpSchema, shownSftp } from './options.ts';

/** What a URL says, without what it does not say. */
function said(url: string): object {
  return Object.fromEntries(Object.entries(sftpOptionsFromUrl(url)).filter(([, value]) => value !== undefined));
}

test('a URL names host, account, port and an absolute path, or one below the home folder', () => {
  assert.deepEqual(said('sftp://nas/volume1/vault'), { host: 'nas', path: '/volume1/vault' });
  assert.deepEqual(said('sftp://me@nas.example.org:2222/vault/'), {
    host: 'nas.example.org',
    user: 'me',
    port: 2222,
    path: '/vault',
  });
  assert.deepEqual(said('sftp://nas/~/a/b'), { host: 'nas', path: 'a/b' });
  assert.deepEqual(said('sftp://nas//abs'), { host: 'nas', path: '/abs' });
  assert.deepEqual(said('sftp://me@[::1]:22/a%20b'), { host: '::1', user: 'me', port: 22, path: '/a b' });
});

test('what is shown leads to the same place again', () => {
  for (const url of [
    'sftp://nas/vault',
    'sftp://me@nas:2222/vault',
    'sftp://nas/~/vault',
    'sftp://me@[::1]:22/vault',
  ]) {
    assert.equal(shownSftp(sftpOptionsFromUrl(url)), url);
  }
});

const refused: readonly (readonly [string, RegExp])[] = [
  ['sftp://me:secret@nas/vault', /password does not belong/],
  ['sftp:me@nas:/vault', /write sftp:\/\/me@nas\/vault$/],
  ['sftp:nas:vault', /write sftp:\/\/nas\/~\/vault$/],
  ['sftp://nas', /names no folder/],
  ['sftp://nas/~/', /names no folder/],
  ['sftp://nas/~/../other', /below the home folder/],
  ['sftp://-oProxyCommand=x/vault', /host/],
  ['sftp://-oProxyCommand=x@nas/vault', /user/],
  ['sftp://nas:0/vault', /port/],
  ['sftp://nas:x/vault', /port/],
];

for (const [url, words] of refused) {
  test(`${url.replace('secret', '…')} is refused`, () => {
    assert.throws(
      () => sftpOptionsFromUrl(url),
      (error) => {
        assert.ok(hasCode(error, 'store.invalid-url'));
        assert.match(`${error.message}; ${error.hint}`, words);
        assert.doesNotMatch(`${error.message}; ${error.hint}`, /secret/);
        return true;
      },
    );
  });
}

test('no option can become another one of ssh, or a command', () => {
  const place = { host: 'nas', path: '/vault' };
  for (const more of [
    { host: '-oProxyCommand=touch x' },
    { user: '-l' },
    { user: 'a;b' },
    { jump: '-J' },
    { jump: 'a;b' },
    { known_hosts: 'a"b' },
    { path: '' },
    { ports: 1 },
  ]) {
    assert.equal(sftpSchema.safeParse({ ...place, ...more }).success, false, JSON.stringify(more));
  }
  assert.equal(sftpSchema.safeParse({ ...place, jump: 'me@gate.example.org:2222' }).success, true);
});

test('files of this machine are relative to the configuration, the path on the server is not', () => {
  const options = sftpOptionsIn(
    { host: 'nas', path: 'vault', knownHosts: 'known', identityFile: '/key' },
    '/etc/surety',
  );
  assert.equal(options.knownHosts, '/etc/surety/known');
  assert.equal(options.identityFile, '/key');
  assert.equal(options.path, 'vault');
});
