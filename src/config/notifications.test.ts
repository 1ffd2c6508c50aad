import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../base/secret.ts';
import { checkConfig } from './parse.ts';
import { scheduledOf } from './scheduled.ts';

const REST = `
sources: { media: { type: files, paths: [/srv/media] } }
repositories: { vault: { type: restic, store: 'file:vault', password: { env: X } } }
`;

function check(text: string) {
  return checkConfig({ file: '/etc/here/surety.yaml', shownAs: 'surety.yaml', text: text + REST, mode: 0o600 });
}
const shown = (problems: ReturnType<typeof check>['errors']) =>
  problems.map(({ line, column, message, suggestion }) => `${line}:${column} ${message}; ${suggestion}`);

test('notifications have defaults: STARTTLS on 587, TLS on 465, failures, warnings and recoveries', () => {
  const { config } = check(`notifications:
  email:
    { server: smtp.example.org, user: u, password: { file: secret }, from: 'B <b@example.org>', to: [a@example.org, a@example.org], ca_file: ca.pem }
jobs: { nightly: { sources: all, to: all, notify_on: [] } }
`);
  assert.deepEqual(config?.notifications, {
    email: {
      server: 'smtp.example.org',
      port: 587,
      security: 'starttls',
      login: { user: 'u', password: { file: '/etc/here/secret' } },
      from: { name: 'B', address: 'b@example.org' },
      to: [{ name: '', address: 'a@example.org' }],
      caFile: '/etc/here/ca.pem',
      limitMs: 120_000,
    },
    on: ['failure', 'warning', 'recovery'],
  });
  assert.deepEqual(config?.jobs[0]?.notifyOn, []);
  const of = (more: string) =>
    check(`notifications: { email: { server: s, from: a@b, to: a@b, ${more} } }\n`).config?.notifications?.email;
  assert.deepEqual([of('port: 465')?.security, of('port: 2525')?.security], ['tls', 'starttls']);
  assert.deepEqual([of('security: tls')?.port, of('security: none')?.port], [465, 25]);
});

test('what is wrong in them is told with its place and what to write', () => {
  const { errors } = check(`notifications:
  email:
    server: smtp://smtp.example.org
    port: 70000
    passwort: x
    user: somebody
    from: nobody
    to: [a@example.org, 'b@@example.org']
    security: ssl
  on: [failures]
`);
  assert.deepEqual(shown(errors), [
    '3:13 this is no name of a server; write only its name, such as smtp.example.org; the port stands in `port`',
    '4:11 must be at most 65535; undefined',
    '5:5 this key is not known; did you mean password',
    '7:11 this is no e-mail address: it has no @; write it as ops@example.org or Operations <ops@example.org>',
    '8:25 this is no e-mail address: what stands before the @ is no mailbox; write it as ops@example.org or Operations <ops@example.org>',
    '9:15 must be starttls, tls or none; undefined',
    '10:8 must be failure, warning, recovery or success; did you mean failure',
  ]);
  const half = check('notifications: { email: { server: s, from: a@b, to: a@b, user: u } }\n');
  assert.deepEqual(shown(half.errors), ['1:64 user needs password beside it; undefined']);
});

test('what is not wise or does nothing is a warning, and a plain password shows itself nowhere', () => {
  const open = check(
    'notifications: { email: { server: s, from: a@b, to: a@b, security: none, user: u, password: plain-secret } }\n',
  );
  assert.deepEqual(
    open.warnings.map(({ message }) => message),
    [
      'everybody on the way to the server can read the messages and the password',
      'the secret stands in the configuration itself',
    ],
  );
  const login = open.config?.notifications?.email.login;
  assert.ok(login !== undefined && 'plain' in login.password && login.password.plain instanceof Secret);
  assert.ok(!JSON.stringify(open.config).includes('plain-secret'));
  assert.deepEqual(
    check('notifications: { email: { server: localhost, from: a@b, to: a@b, security: none } }\n').warnings,
    [],
  );
  const nobody = check('jobs: { nightly: { sources: all, to: all, notify_on: [success] } }\n');
  assert.deepEqual(shown(nobody.warnings), ['1:43 nobody is told; say in `notifications` who is told']);
});

test('the variable with the password is one that runs by schedule need', () => {
  const { config } =
    check(`notifications: { email: { server: s, from: a@b, to: a@b, user: u, password: { env: SMTP_PASSWORD } } }
jobs: { nightly: { sources: all, to: all, schedule: '0 3 * * *' } }
maintenance: { cleanup: '0 5 * * *' }
`);
  assert.ok(config !== undefined);
  const needed = scheduledOf(config).map(({ name, variables }) => [name, variables]);
  assert.deepEqual(needed, [
    ['backup nightly', ['SMTP_PASSWORD', 'X']],
    ['cleanup', ['SMTP_PASSWORD', 'X']],
  ]);
});
