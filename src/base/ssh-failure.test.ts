import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SshFailureKind, sshFailureOf } from './ssh-failure.ts';

const CHANGED = `@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!
Host key for [127.0.0.1]:2222 has changed and you have requested strict checking.
Host key verification failed.`;

const cases: readonly (readonly [string, SshFailureKind, RegExp])[] = [
  [CHANGED, 'host-key-changed', /^WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!$/],
  [
    'No ED25519 host key is known for nas and you have requested strict checking.\r\nHost key verification failed.\r\n',
    'host-key-unknown',
    /^No ED25519 host key is known for nas/,
  ],
  [
    'Warning: Identity file /k not accessible: No such file or directory.\nme@nas: Permission denied (publickey).',
    'refused-login',
    /^me@nas: Permission denied \(publickey\); key file \/k not accessible: No such file or directory$/,
  ],
  ['Load key "/k": bad permissions\nme@nas: Permission denied (publickey).', 'bad-key-file', /bad permissions/],
  ['ssh: connect to host nas port 22: Connection refused', 'unreachable', /^connect to host nas port 22/],
  ['ssh: Could not resolve hostname nas: Name or service not known', 'unknown-name', /^Could not resolve/],
  ['ssh: Could not resolve hostname nas: Temporary failure in name resolution', 'name-service', /Temporary/],
  ['subsystem request failed on channel 0', 'no-subsystem', /./],
  ['Unable to negotiate with 10.0.0.1 port 22: no matching host key type found.', 'no-common-algorithm', /./],
  ['/h/.ssh/config: line 3: Bad configuration option: hots', 'bad-configuration', /line 3/],
  ['Timeout, server nas not responding.', 'unreachable', /^Timeout, server nas not responding$/],
  ['something else', 'other', /^something else$/],
  ['', 'other', /^$/],
];

for (const [stderr, kind, line] of cases) {
  test(`ssh means ${kind} by "${stderr.slice(0, 60).replace(/\s+/g, ' ')}"`, () => {
    const failure = sshFailureOf(stderr);
    assert.equal(failure.kind, kind);
    assert.match(failure.line, line);
  });
}
