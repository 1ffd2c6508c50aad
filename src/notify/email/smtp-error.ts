/** What a failure to send means, from the codes of nodemailer, of TLS and of the server. */
import { SuretyError } from '../../base/errors.ts';
import { certificateProblem } from './certificate.ts';
import type { SmtpFailure, Translation } from './failure.ts';

type Meaning = readonly [code: string, what: string, hint: string, retry?: 'later'];

/** The native error is not kept as the cause: it may have the login in it. */
export function smtpError(failure: SmtpFailure, translation: Translation): SuretyError {
  const certificate = certificateProblem(failure, translation);
  const meaning = certificate ?? meaningOf(failure, translation);
  const [code, what, hint, retry] = meaning;
  // What is not understood is shown as it is.
  const words = failure.response ?? (code === 'notify.failed' ? failure.message : undefined);
  const said = words === undefined ? '' : `; it said: ${withoutSecrets(words, translation)}`;
  return new SuretyError(code, withoutSecrets(`${translation.location} ${what}`, translation) + said, {
    hint,
    ...(retry === undefined ? {} : { retry }),
  });
}

const SAID_MAX = 300;

/** A server's words in one line, short, and without the password in any shape in which it was sent. */
export function withoutSecrets(text: string, { options, password }: Pick<Translation, 'options' | 'password'>): string {
  const plain = password?.reveal() ?? '';
  const login = `\0${options.login?.user ?? ''}\0${plain}`;
  const shapes = plain === '' ? [] : [plain, base64(plain), base64(login)];
  const hidden = shapes.reduce((shown, shape) => shown.replaceAll(shape, '[secret]'), text);
  const line = hidden.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim();
  return line.length > SAID_MAX ? `${line.slice(0, SAID_MAX)}…` : line;
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

function meaningOf(failure: SmtpFailure, { options }: Translation): Meaning {
  const { code = '', command = '', responseCode = 0 } = failure;
  if (code === 'EAUTH' || code === 'ENOAUTH') return loginMeaning(responseCode);
  if (responseCode === 530 || responseCode === 538) return wantsMore(responseCode, options);
  if (responseCode >= 400 && responseCode < 500) {
    const hint = 'some servers keep unknown senders waiting: try again later';
    return ['notify.try-later', 'does not take the message now', hint, 'later'];
  }
  // A server too old for EHLO knows no STARTTLS either.
  if (responseCode >= 500 && (command === 'STARTTLS' || (command === 'EHLO' && options.security === 'starttls'))) {
    return ['notify.tls-missing', 'offers no encryption', ENCRYPTION_HINT];
  }
  if (responseCode >= 500) return refusedMeaning(failure);
  return connectionMeaning(failure, options);
}

const ENCRYPTION_HINT =
  'use a server and port that encrypt: 587 with `security: starttls` or 465 with `security: tls`; `security: none` sends everything readable';

function loginMeaning(responseCode: number): Meaning {
  const isLater = responseCode >= 400 && responseCode < 500;
  const hint =
    'correct `user` and `password` of notifications.email; many providers want an app password in place of your own';
  if (isLater) return ['notify.try-later', 'does not take the login now', 'try again later', 'later'];
  if (responseCode === 0)
    return [
      'notify.login-refused',
      'offers no way to log in',
      'leave out `user` and `password`, or use the port for logins, 587',
    ];
  return ['notify.login-refused', 'did not accept user and password', hint];
}

/** 530: a login, or encryption, comes first; 538: encryption. */
function wantsMore(responseCode: number, { security, login }: Translation['options']): Meaning {
  if (security === 'none' && (responseCode === 538 || login !== undefined)) {
    return ['notify.tls-missing', 'wants encryption', 'use `security: starttls`'];
  }
  return ['notify.login-refused', 'wants a login', 'set `user` and `password` in notifications.email'];
}

function refusedMeaning({ command = '', recipient }: SmtpFailure): Meaning {
  if (command === 'CONN') {
    return ['notify.sender-refused', 'takes no mail from this machine', 'use a server that knows you, with a login'];
  }
  if (command === 'MAIL FROM') {
    return [
      'notify.sender-refused',
      'refused the sender',
      'use an address in `from` that may send through this server',
    ];
  }
  if (command === 'RCPT TO') {
    const whom = recipient === undefined ? 'the recipient' : recipient;
    return ['notify.recipient-refused', `refused ${whom}`, 'correct the address in `to`'];
  }
  return [
    'notify.message-refused',
    'refused the message',
    'ask the one who runs the server; its answer has the reason',
  ];
}

function connectionMeaning(
  { code = '', originalCode = '', message = '' }: SmtpFailure,
  options: Translation['options'],
): Meaning {
  const codes = [code, originalCode];
  const is = (...wanted: readonly string[]) =>
    codes.some((one) => wanted.includes(one)) || wanted.some((one) => message.includes(one));
  const reach = 'look at `server` and `port`, and whether a firewall is in between';
  if (is('ETIMEDOUT')) return ['notify.timeout', 'did not answer in time', reach, 'later'];
  if (is('ENOTFOUND'))
    return ['notify.unreachable', 'is not known by that name', 'correct `server` in notifications.email'];
  if (is('ECONNREFUSED')) return ['notify.unreachable', 'takes no connections', reach, 'later'];
  if (is('EDNS', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN'))
    return ['notify.unreachable', 'can not be reached', reach, 'later'];
  if (code === 'ETLS' || is('EPROTO', 'ERR_SSL') || /\bSSL\b|\bTLS\b/.test(message)) {
    const other = options.security === 'tls' ? 'starttls' : 'tls';
    return [
      'notify.tls-failed',
      'and Surety found no way to encrypt',
      `look whether this port wants \`security: ${other}\``,
    ];
  }
  if (is('EPROTOCOL'))
    return ['notify.not-understood', 'does not answer as a mail server', 'look at `server`, `port` and `security`'];
  if (is('ECONNECTION', 'ESOCKET', 'ECONNRESET', 'EPIPE'))
    return [
      'notify.connection-lost',
      'closed the connection',
      'try again later; some servers do so to senders they do not know',
      'later',
    ];
  return ['notify.failed', 'did not take the message', 'surety notify test sends a single message'];
}
