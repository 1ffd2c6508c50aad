import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectFailure, lostConnection, type SshHost } from './failure.ts';
import { sshOptions } from './options.ts';
import { identityOf } from './telling.ts';

const host: SshHost = {
  name: 'main',
  options: {
    ...sshOptions({ host: 'main.example.org', user: 'backup', port: 2222 }, {}, '/'),
    knownHosts: '/etc/known',
  },
};

const CHANGED = `debug1: Server host key: ssh-ed25519 SHA256:bmV3
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
The fingerprint for the ED25519 key sent by the remote host is
SHA256:bmV3.
Please contact your system administrator.
Add correct host key in /etc/known to get rid of this message.
Offending ED25519 key in /etc/known:7
  remove with:
Host key for [main.example.org]:2222 has changed and you have requested strict checking.
Host key verification failed.
`;

const UNKNOWN = `debug1: Server host key: ssh-ed25519 SHA256:c2hvd24
No ED25519 host key is known for [main.example.org]:2222 and you have requested strict checking.
Host key verification failed.
`;

test('what ssh says becomes an error that says what to do', () => {
  const cases: [string, string, RegExp][] = [
    [CHANGED, 'reach.changed-host-key', /HAS CHANGED.*\/etc\/known line 7 says; now it shows SHA256:bmV3/],
    [
      UNKNOWN,
      'reach.unknown-host-key',
      /it shows SHA256:c2hvd24.*ssh -o UserKnownHostsFile=\/etc\/known -p 2222 backup@main/,
    ],
    ['backup@main: Permission denied (publickey).', 'reach.denied', /login was refused/],
    ['Load key "/k": bad permissions\nbackup@main: Permission denied', 'reach.denied', /private key can not be used/],
    ['ssh: Could not resolve hostname main: Name or service not known', 'reach.unreachable', /can not be found/],
    ['ssh: connect to host main port 22: No route to host', 'reach.unreachable', /No route to host/],
    ['command-line: line 0: Bad configuration option: x', 'reach.failed', /configuration of ssh/],
    ['debug1: Connecting to main [10.0.0.1] port 22.', 'reach.unreachable', /ended without a word/],
  ];
  for (const [words, code, text] of cases) {
    const error = connectFailure(host, { code: 255, words });
    assert.equal(error.code, code, words);
    assert.match(`${error.message}; ${error.hint}`, text);
    assert.equal(error.retry, code === 'reach.unreachable' ? 'later' : 'never');
  }
});

test('an account that runs something else is no broken connection, and a broken connection is no exit code', () => {
  const error = connectFailure(host, { code: 1, words: '', noise: 'This account is\nnot available.' });
  assert.equal(error.code, 'reach.denied');
  assert.match(error.message, /ended with 1, it says "This account is not available\."/);
  const lost = lostConnection(host, 'a word of the program\nTimeout, server main not responding.');
  assert.equal(lost.code, 'reach.unreachable');
  assert.match(lost.message, /broke in the middle of a program \(Timeout, server main not responding\)/);
});

test('who answers is the last of those that are gone through, and only the address of one that is called directly is known', () => {
  const direct = 'debug1: Connecting to main [192.0.2.1] port 22.\ndebug1: Server host key: ssh-rsa SHA256:b25l\n';
  assert.deepEqual(identityOf(direct), { address: '192.0.2.1', key: 'SHA256:b25l' });
  const through = `debug1: Executing proxy command: exec ssh -v -W main:22 gate\n${direct}debug1: Server host key: ssh-rsa SHA256:dHdv`;
  assert.deepEqual(identityOf(through), { address: undefined, key: 'SHA256:dHdv' });
});
