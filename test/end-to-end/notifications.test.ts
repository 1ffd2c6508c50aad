import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { makeCertificateAuthority } from '../fixtures/certificate-authority.ts';
import { type Mail, type MailServer, startMailServer } from '../fixtures/mail-server.ts';
import { skipWithout } from '../fixtures/programs.ts';
import { type Surety, suretyIn } from '../fixtures/surety.ts';
import { suretyHere } from '../fixtures/surety-here.ts';

const MAIL_PASSWORD = 'mail-secret-value';
const VAULT_PASSWORD = 'vault-secret-value';

describe('people hear how runs end', { skip: skipWithout('openssl') }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'surety-notify-'));
  const env = { MAIL_PASSWORD, VAULT_PASSWORD, TZ: 'Europe/London' };
  const surety: Surety = suretyHere(folder, env);
  /** A process of its own. */
  const program: Surety = suretyIn(folder, { env });
  let server: MailServer;
  let silent: Server;

  before(async () => {
    const { keyFile, certificateFile } = await makeCertificateAuthority(folder);
    const tls = { key: readFileSync(keyFile), cert: readFileSync(certificateFile) };
    server = await startMailServer({ ...tls, login: { user: 'backup', password: MAIL_PASSWORD } });
    silent = createServer((socket) => void socket.on('error', () => {}));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    mkdirSync(join(folder, 'media'));
    writeFileSync(join(folder, 'media', 'file'), 'content');
    configure({});
    await surety.run('init');
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    silent.close();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => void server.mails.splice(0));

  function configure({ email = {}, on, job = {} }: { email?: object; on?: readonly string[]; job?: object }): void {
    const whole = {
      sources: { media: { type: 'files', paths: ['media'] }, notes: { type: 'files', paths: ['notes'] } },
      repositories: { vault: { type: 'restic', store: 'file:vault', password: { env: 'VAULT_PASSWORD' } } },
      jobs: {
        nightly: { sources: ['media'], to: ['vault'], keep: { last: 1 }, ...job },
        quiet: { sources: ['notes'], to: ['vault'], notify_on: [] },
      },
      notifications: {
        email: {
          ...{ server: '127.0.0.1', port: server.port, ca_file: 'ca.pem', user: 'backup' },
          ...{ password: { env: 'MAIL_PASSWORD' }, from: 'backup@example.org', to: ['ops@example.org'] },
          ...email,
        },
        ...(on === undefined ? {} : { on }),
      },
    };
    writeFileSync(join(folder, 'surety.yaml'), JSON.stringify(whole));
  }
  const hide = () => renameSync(join(folder, 'media'), join(folder, 'gone'));
  const show = () => renameSync(join(folder, 'gone'), join(folder, 'media'));

  function onlyMail(): Mail {
    assert.equal(server.mails.length, 1, server.mails.map(({ headers }) => headers.get('subject')).join('\n'));
    const mail = server.mails[0]!;
    assert.ok(!mail.raw.includes(MAIL_PASSWORD) && !mail.raw.includes(VAULT_PASSWORD));
    return mail;
  }
  const subject = () => onlyMail().headers.get('subject') ?? '';

  test('a failure names source, code and remedy; it is counted; the success after it tells of the recovery, later ones nothing', async () => {
    configure({});
    await surety.run('backup', 'nightly');
    assert.equal(server.mails.length, 0);
    hide();
    assert.equal((await surety.attempt('backup', 'nightly')).code, 1);
    assert.equal(subject(), '[surety] nightly failed: media (source.missing)');
    const first = onlyMail().text;
    assert.match(
      first,
      /^nightly failed on \S+, \d{4}-\d\d-\d\d \d\d:\d\d \(Europe\/London\)\.\n\nFailed:\n {2}media into vault \(source\.missing\)\n/,
    );
    assert.match(first, /\n {4}\S+media of source media does not exist\n/);
    assert.match(first, /\n {4}What to do: \S/);
    assert.doesNotMatch(first, /time since/);
    server.mails.splice(0);
    await surety.attempt('backup', 'nightly');
    await surety.attempt('backup', 'nightly');
    assert.equal(server.mails.length, 2);
    assert.match(server.mails[1]?.text ?? '', /For the 3rd time since \d{4}-\d\d-\d\d \d\d:\d\d \(Europe\/London\)\./);
    server.mails.splice(0);
    show();
    await surety.run('backup', 'nightly');
    assert.equal(subject(), '[surety] nightly works again');
    assert.match(
      onlyMail().text,
      /Works again:\n {2}media into vault\n\nDone:\n {2}media into vault: 7 B, snapshot [0-9a-f]{8}\n/,
    );
    server.mails.splice(0);
    await surety.run('backup', 'nightly');
    assert.equal(server.mails.length, 0);
  });

  test('a success is told where that is asked for, and nothing of a job that asks for nothing', async () => {
    configure({ on: ['success'] });
    await surety.run('backup', 'nightly');
    assert.equal(subject(), '[surety] nightly went well');
    server.mails.splice(0);
    assert.equal((await surety.attempt('backup', 'quiet')).code, 1);
    assert.equal(server.mails.length, 0);
  });

  test('a warning is told with its words', async () => {
    configure({ job: { hooks: { after: ['echo the disk is slow >&2; exit 3'] } } });
    assert.equal((await surety.attempt('backup', 'nightly')).code, 3);
    assert.match(subject(), /^\[surety\] nightly finished with warnings: hooks \(hook\.failed\)$/);
    assert.match(onlyMail().text, /Warnings:\n {2}after hook 1 \(echo\) of job nightly\n {4}.*the disk is slow/s);
  });

  test('after a run that was killed the next one says so', async () => {
    configure({ job: { hooks: { before: ['kill -9 $PPID; sleep 5'] } } });
    assert.equal((await program.attempt('backup', 'nightly')).code, 137);
    assert.equal(server.mails.length, 0);
    configure({});
    await surety.run('backup', 'nightly');
    assert.equal(subject(), '[surety] nightly went well after it was killed');
    assert.match(onlyMail().text, /The run before this one, begun \d{4}-.*, was killed: it ended without a word\./);
  });

  test('verify tells of damage, and of the repository that is whole again', async () => {
    configure({});
    await surety.run('verify', '--read-data');
    const [pack = ''] = globSync(join(folder, 'vault', 'data', '*', '*'));
    const whole = readFileSync(pack);
    chmodSync(pack, 0o600);
    writeFileSync(pack, Buffer.from(whole).fill(0, 0, 40));
    assert.equal((await surety.attempt('verify', '--read-data')).code, 1);
    assert.match(subject(), /^\[surety\] verify failed: vault \((pack|blob)\.damaged\)$/);
    assert.match(onlyMail().text, /What to do: run surety verify --repository vault/);
    server.mails.splice(0);
    writeFileSync(pack, whole);
    await surety.run('verify', '--read-data');
    assert.equal(subject(), '[surety] verify works again');
  });

  test('a cleanup and a restore that fail are told', async () => {
    configure({});
    renameSync(join(folder, 'vault'), join(folder, 'vault-gone'));
    try {
      assert.equal((await surety.attempt('cleanup')).code, 1);
      assert.match(subject(), /^\[surety\] cleanup failed: vault \(repository\.missing\)$/);
    } finally {
      renameSync(join(folder, 'vault-gone'), join(folder, 'vault'));
    }
    await surety.run('cleanup');
    server.mails.splice(0);
    writeFileSync(join(folder, 'occupied'), '');
    const inFile = ['--target', join(folder, 'occupied', 'x'), '--force'];
    assert.equal((await surety.attempt('restore', 'latest', '--source', 'media', ...inFile)).code, 1);
    assert.match(subject(), /^\[surety\] restore failed: media \(/);
  });

  test('a run that another one keeps from beginning is told', async () => {
    configure({ job: { hooks: { before: ['touch begun; until [ -e go-on ]; do sleep 0.05; done'] } } });
    const first = program.attempt('backup', 'nightly');
    for (let wait = 0; !existsSync(join(folder, 'begun')) && wait < 200; wait++) await setTimeout(50);
    assert.equal((await surety.attempt('backup', 'nightly')).code, 4);
    assert.equal(subject(), '[surety] nightly did not begin: nightly (run.busy)');
    writeFileSync(join(folder, 'go-on'), '');
    assert.equal((await first).code, 0);
  });

  test('a mail that can not be sent leaves the run as it is, is told on stderr, and makes the exit code at least 3', async () => {
    configure({ email: { user: 'somebody' }, on: ['success', 'failure'] });
    const wrong = await program.attempt('backup', 'nightly', '--quiet', '--json');
    assert.equal(wrong.code, 3);
    assert.match(
      wrong.stderr,
      /the message about nightly was not sent to everybody: 127\.0\.0\.1:\d+ did not accept user and password/,
    );
    assert.ok(!`${wrong.stderr}${wrong.stdout}`.includes(MAIL_PASSWORD));
    const { outcome, unsent } = JSON.parse(wrong.stdout);
    assert.deepEqual([outcome, unsent[0].code], ['ok', 'notify.login-refused']);
    hide();
    assert.equal((await surety.attempt('backup', 'nightly')).code, 1);
    show();
    configure({ email: { password: { env: 'NOT_SET' } }, on: ['success'] });
    const missing = await surety.attempt('backup', 'nightly');
    assert.equal(missing.code, 3);
    assert.match(missing.stderr, /the variable NOT_SET with the password of notifications\.email is not set/);
  });

  test('a mail server that says nothing does not hang the run', async () => {
    const { port } = silent.address() as AddressInfo;
    configure({ email: { port, time_limit: '1s' }, on: ['success'] });
    const begun = performance.now();
    const done = await surety.attempt('backup', 'nightly');
    assert.equal(done.code, 3);
    assert.match(done.stderr, /did not take the message within 1 s/);
    assert.ok(performance.now() - begun < 10_000);
  });

  test('surety notify test says what the server answered', async () => {
    configure({});
    const said = await surety.run('notify', 'test', '--to', 'ada@example.org');
    assert.match(said, /^127\.0\.0\.1:\d+ took the message for ada@example\.org: 250 .*queued as 1\n/);
    assert.deepEqual(onlyMail().to, ['ada@example.org']);
    assert.match(subject(), /^\[surety\] test from /);
    const invalid = await surety.attempt('notify', 'test', '--to', 'ada');
    assert.equal(invalid.code, 2);
    assert.match(invalid.stderr, /this is no e-mail address: it has no @/);
    configure({ email: { port: 1 } });
    const refused = await surety.attempt('notify', 'test');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /127\.0\.0\.1:1 takes no connections\nhint: look at `server` and `port`/);
  });
});
