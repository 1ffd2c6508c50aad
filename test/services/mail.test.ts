import assert from 'node:assert/strict';
import { Resolver } from 'node:dns';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { hasCode, SuretyError } from '../../src/base/errors.ts';
import { Secret } from '../../src/base/secret.ts';
import { openEmail } from '../../src/notify/email/open.ts';
import { emailOptions, emailSchema } from '../../src/notify/email/options.ts';
import type { Notifier } from '../../src/notify/notifier.ts';
import { sendPersistently } from '../../src/notify/persistent.ts';
import { type CertificateAuthority, makeCertificateAuthority } from '../fixtures/certificate-authority.ts';
import { startMailServer } from '../fixtures/mail-server.ts';
import { skipWithout } from '../fixtures/programs.ts';

const PASSWORD = 'correct horse battery';
const MESSAGE = {
  subject: '[surety] nächtlich ✓ failed',
  text: 'Größe: 1 KiB\nnaïve — ok\n',
  id: '20261121T030700Z-abcd.backup',
};

describe('mail through a real server', { skip: skipWithout('openssl') }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'surety-mail-'));
  let authority: CertificateAuthority;
  let tls: { key: Buffer; cert: Buffer };

  before(async () => {
    authority = await makeCertificateAuthority(folder);
    tls = { key: readFileSync(authority.keyFile), cert: readFileSync(authority.certificateFile) };
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function mailTo(port: number, more: object = {}, times?: Parameters<typeof openEmail>[1]['times']): Notifier {
    const raw = {
      server: '127.0.0.1',
      port,
      from: 'backup@example.org',
      to: ['ops@example.org'],
      ca_file: authority.caFile,
    };
    const options = emailOptions(emailSchema.parse({ ...raw, ...more }));
    const fetch = () => Promise.resolve(new Secret(PASSWORD));
    return openEmail(options, { fetch, host: 'main', times });
  }
  const login = { user: 'backup', password: { env: 'X' } };
  const send = (notifier: Notifier) => notifier.send(MESSAGE, { signal: AbortSignal.timeout(20_000) });

  /** The error, which has a hint and in all that can be shown of it no password. */
  async function refusal(notifier: Notifier): Promise<SuretyError> {
    const error: unknown = await send(notifier).then(
      () => assert.fail('it was sent'),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof SuretyError, String(error));
    assert.ok(error.hint !== undefined);
    const shown = `${error.stack} ${JSON.stringify(error)} ${String(error.cause)} ${error.hint}`;
    const shapes = [
      PASSWORD,
      Buffer.from(PASSWORD).toString('base64'),
      Buffer.from(`\0backup\0${PASSWORD}`).toString('base64'),
    ];
    for (const shape of shapes) assert.ok(!shown.includes(shape), shown);
    return error;
  }

  test('is encrypted by STARTTLS, logs in, and arrives with every character', async () => {
    await using server = await startMailServer({ ...tls, login: { user: 'backup', password: PASSWORD } });
    const delivery = await send(mailTo(server.port, { ...login, to: ['ops@example.org', 'Ada <ada@bücher.example>'] }));
    const [mail] = server.mails;
    assert.ok(mail !== undefined);
    assert.deepEqual([mail.secure, mail.user, mail.from], [true, 'backup', 'backup@example.org']);
    assert.deepEqual(mail.to, ['ops@example.org', 'ada@bücher.example']);
    assert.match(mail.raw, /^To: .*<ada@xn--bcher-kva\.example>/m);
    assert.equal(mail.headers.get('subject'), MESSAGE.subject);
    assert.equal(mail.text, MESSAGE.text);
    assert.match(mail.headers.get('from') ?? '', /^"?Surety on main"? <backup@example\.org>$/);
    assert.equal(mail.headers.get('message-id'), `<${MESSAGE.id}@example.org>`);
    assert.equal(mail.headers.get('auto-submitted'), 'auto-generated');
    assert.ok(!mail.raw.includes(PASSWORD));
    assert.match(delivery.answer, /^250 .*queued as 1/);
    assert.deepEqual([delivery.accepted, delivery.refused], [['ops@example.org', 'ada@bücher.example'], []]);
  });

  test('is encrypted from the first byte with security: tls', async () => {
    await using server = await startMailServer({ ...tls, secure: true });
    await send(mailTo(server.port, { security: 'tls' }));
    await send(mailTo(server.port, { security: 'tls', server: 'localhost' }));
    assert.deepEqual(
      server.mails.map(({ secure }) => secure),
      [true, true],
    );
  });

  test('goes to a name that this machine knows without asking a name server', async (context) => {
    await using server = await startMailServer({ ...tls });
    const asked = ['resolve4', 'resolve6'].map((name) =>
      context.mock.method(Resolver.prototype, name as 'resolve4', () => assert.fail('a name server is asked')),
    );
    await send(mailTo(server.port, { security: 'none', server: 'localhost' }));
    assert.deepEqual([server.mails.length, ...asked.map(({ mock }) => mock.callCount())], [1, 0, 0]);
  });

  test('goes out readable only where security: none says so', async () => {
    await using server = await startMailServer({ ...tls });
    await send(mailTo(server.port, { security: 'none' }));
    assert.equal(server.mails[0]?.secure, false);
  });

  test('is not sent to a server that does not encrypt', async () => {
    await using server = await startMailServer({ ...tls, disabledCommands: ['STARTTLS', 'AUTH'] });
    const error = await refusal(mailTo(server.port, login));
    assert.equal(error.code, 'notify.tls-missing');
    assert.deepEqual(server.mails, []);
  });

  test('is not sent to a server whose certificate is from somebody else, or for another name', async () => {
    await using server = await startMailServer({ ...tls });
    const unknown = await refusal(mailTo(server.port, { ca_file: undefined }));
    assert.equal(unknown.code, 'notify.certificate');
    assert.match(unknown.hint ?? '', /ca_file/);
    assert.deepEqual(server.mails, []);
    // All of 127.0.0.0/8 is this machine, but the certificate is for 127.0.0.1 only.
    await using elsewhere = await startMailServer({ ...tls, address: '127.0.0.2' });
    const other = await refusal(mailTo(elsewhere.port, { server: '127.0.0.2' }));
    assert.equal(other.code, 'notify.certificate');
    assert.match(other.message, /for another name than 127\.0\.0\.2/);
    assert.deepEqual(elsewhere.mails, []);
  });

  test('a missing file of the authority is named', async () => {
    const error = await refusal(mailTo(1, { ca_file: join(folder, 'nothing.pem') }));
    assert.equal(error.code, 'notify.ca-unreadable');
    assert.match(error.message, /nothing\.pem/);
  });

  test('a wrong password is told without the password, even when the server repeats it', async () => {
    await using server = await startMailServer({ ...tls, login: { user: 'backup', password: 'another' } });
    const error = await refusal(mailTo(server.port, login));
    assert.equal(error.code, 'notify.login-refused');
    assert.match(error.message, /it said: 535 .*no such login: backup \[secret\]/);
    assert.equal(error.retry, 'never');
  });

  test('a server that wants a login is told from one that refused it', async () => {
    await using server = await startMailServer({ ...tls, login: { user: 'backup', password: PASSWORD } });
    const error = await refusal(mailTo(server.port));
    assert.equal(error.code, 'notify.login-refused');
    assert.match(error.hint ?? '', /set `user` and `password`/);
  });

  test('a refused recipient is named, and keeps the others from nothing', async () => {
    await using server = await startMailServer({
      ...tls,
      onRcptTo({ address }, _session, done) {
        if (address.startsWith('gone')) done(Object.assign(new Error('5.1.1 no such user'), { responseCode: 550 }));
        else done();
      },
    });
    const both = await send(mailTo(server.port, { to: ['gone@example.org', 'ops@example.org'] }));
    assert.deepEqual(both.accepted, ['ops@example.org']);
    assert.equal(both.refused[0]?.recipient, 'gone@example.org');
    assert.equal(both.refused[0]?.error.code, 'notify.recipient-refused');
    assert.match(both.refused[0]?.error.message ?? '', /refused gone@example\.org; it said: 550 5\.1\.1 no such user/);
    const none = await refusal(mailTo(server.port, { to: 'gone@example.org' }));
    assert.equal(none.code, 'notify.recipient-refused');
  });

  test('a refused sender and a refused message are told apart', async () => {
    const refuse = (code: number) => Object.assign(new Error('not here'), { responseCode: code });
    await using sender = await startMailServer({ ...tls, onMailFrom: (_address, _session, done) => done(refuse(553)) });
    assert.equal((await refusal(mailTo(sender.port))).code, 'notify.sender-refused');
    await using content = await startMailServer({
      ...tls,
      onData(stream, _session, done) {
        stream.resume().on('end', () => done(refuse(554)));
      },
    });
    assert.equal((await refusal(mailTo(content.port))).code, 'notify.message-refused');
  });

  test('a server that keeps unknown senders waiting is asked again, and each recipient gets one mail', async () => {
    const seen = new Set<string>();
    await using server = await startMailServer({
      ...tls,
      onRcptTo({ address }, _session, done) {
        if (address.startsWith('now') || seen.has(address)) return done();
        seen.add(address);
        done(Object.assign(new Error('4.7.1 come back later'), { responseCode: 450 }));
      },
    });
    const policy = { attempts: 5, firstDelayMs: 10, longestDelayMs: 10 };
    const notifier = mailTo(server.port, { to: ['now@example.org', 'later@example.org'] });
    const how = { signal: AbortSignal.timeout(20_000), clock: systemClock, limitMs: 20_000, policy };
    const delivery = await sendPersistently(notifier, MESSAGE, how);
    assert.deepEqual(delivery.accepted, ['now@example.org', 'later@example.org']);
    assert.deepEqual(
      server.mails.map(({ to }) => to),
      [['now@example.org'], ['later@example.org']],
    );
    const ids = new Set(server.mails.map(({ headers }) => headers.get('message-id')));
    assert.equal(ids.size, 1);
  });

  test('a server that says 4xx for ever is given up when the time is over, with its words', async () => {
    await using server = await startMailServer({
      ...tls,
      onMailFrom: (_address, _session, done) => done(Object.assign(new Error('busy'), { responseCode: 451 })),
    });
    const policy = { attempts: 1000, firstDelayMs: 20, longestDelayMs: 50 };
    const how = { signal: AbortSignal.timeout(20_000), clock: systemClock, limitMs: 500, policy };
    const error = await sendPersistently(mailTo(server.port), MESSAGE, how).catch((thrown: unknown) => thrown);
    assert.ok(hasCode(error, 'notify.try-later'), String(error));
    assert.match(error.message, /451 busy/);
    assert.ok(server.connections > 2);
  });

  test('a server that takes connections and says nothing ends in a time-out, before and after the greeting', async () => {
    const times = { connectMs: 300, greetingMs: 200, silenceMs: 300 };
    await using silent = await startRaw(() => {});
    const early = await refusal(mailTo(silent.port, {}, times));
    assert.deepEqual([early.code, early.retry], ['notify.timeout', 'later']);
    await using greets = await startRaw((socket) => socket.write('220 hello\r\n'));
    assert.equal((await refusal(mailTo(greets.port, {}, times))).code, 'notify.timeout');
  });

  test('a black hole is left when the time for the message is over, whatever the time-outs are', async () => {
    await using silent = await startRaw(() => {});
    const how = { signal: new AbortController().signal, clock: systemClock, limitMs: 300 };
    const begun = performance.now();
    const error = await sendPersistently(mailTo(silent.port), MESSAGE, how).catch((thrown: unknown) => thrown);
    assert.ok(hasCode(error, 'notify.timeout'), String(error));
    assert.ok(performance.now() - begun < 5000);
  });

  test('a server that closes the connection is worth another try', async () => {
    await using closing = await startRaw((socket) => socket.end());
    const error = await refusal(mailTo(closing.port));
    assert.deepEqual([error.code, error.retry], ['notify.connection-lost', 'later']);
    await using later = await startRaw((socket) => {
      socket.write('220 hello\r\n');
      socket.once('data', () => socket.destroy());
    });
    assert.equal((await refusal(mailTo(later.port))).code, 'notify.connection-lost');
  });

  test('nothing listening, an unknown name and another protocol each have a code of their own', async () => {
    const server = await startRaw(() => {});
    await server[Symbol.asyncDispose]();
    const refused = await refusal(mailTo(server.port));
    assert.deepEqual([refused.code, refused.retry], ['notify.unreachable', 'later']);
    const unknown = await refusal(mailTo(25, { server: 'mail.invalid' }));
    assert.equal(unknown.code, 'notify.unreachable');
    await using web = await startRaw((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    assert.equal((await refusal(mailTo(web.port))).code, 'notify.not-understood');
    await using plain = await startMailServer({ ...tls });
    const wrongPort = await refusal(mailTo(plain.port, { security: 'tls' }));
    assert.equal(wrongPort.code, 'notify.tls-failed');
    assert.match(wrongPort.hint ?? '', /security: starttls/);
  });

  test('a server that is busy, one that takes nothing from here, and one that can not encrypt are told apart', async () => {
    const says = (...lines: readonly string[]) =>
      startRaw((socket) => {
        const left = [...lines];
        const answer = () => void socket.write(`${left.shift() ?? '500 what?'}\r\n`);
        answer();
        socket.on('data', answer);
      });
    await using busy = await says('421 4.3.2 come back later');
    const later = await refusal(mailTo(busy.port));
    assert.deepEqual([later.code, later.retry], ['notify.try-later', 'later']);
    await using closed = await says('554 5.7.1 not from there');
    assert.equal((await refusal(mailTo(closed.port))).code, 'notify.sender-refused');
    await using old = await says('220 hello', '502 no EHLO here', '250 hello');
    assert.equal((await refusal(mailTo(old.port))).code, 'notify.tls-missing');
    await using broken = await says('220 hello', '250-hello\r\n250 STARTTLS', '220 go on', 'this is no TLS');
    assert.equal((await refusal(mailTo(broken.port))).code, 'notify.tls-failed');
  });

  test('an interrupt ends it at once', async () => {
    await using silent = await startRaw(() => {});
    const reason = new SuretyError('run.interrupted', 'interrupted');
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 100);
    await assert.rejects(mailTo(silent.port).send(MESSAGE, { signal: controller.signal }), reason);
  });
});

/** A server that does with a connection what it likes. */
async function startRaw(serve: (socket: Socket) => void): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      if (server.listening) await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
