/** Messages by e-mail: plain text, handed to one SMTP server (RFC 5321, RFC 3207, RFC 8314). */
import { readFile } from 'node:fs/promises';
import { domainToASCII } from 'node:url';
import type { SMTPTransportOptions } from 'nodemailer/lib/smtp-transport';
import { messageOf, SuretyError } from '../../base/errors.ts';
import type { SecretSpec } from '../../base/option-values.ts';
import type { Secret } from '../../base/secret.ts';
import type { Delivery, Message, Notifier, SendHow } from '../notifier.ts';
import type { Address } from './address.ts';
import { connectTo } from './connect.ts';
import type { SmtpFailure, Translation } from './failure.ts';
import type { EmailOptions } from './options.ts';
import { smtpError, withoutSecrets } from './smtp-error.ts';

export interface EmailHow {
  /** Fetches the password; called by every attempt and by nothing else. */
  readonly fetch: (password: SecretSpec, signal: AbortSignal) => Promise<Secret>;
  /** Name of this machine: it stands before the address of a sender that has no name of its own. */
  readonly host: string;
  readonly times?: EmailTimes | undefined;
}

/** How long the server may take for what. */
export interface EmailTimes {
  readonly connectMs: number;
  readonly greetingMs: number;
  /** Without a byte from it. */
  readonly silenceMs: number;
}

const TIMES: EmailTimes = { connectMs: 15_000, greetingMs: 15_000, silenceMs: 30_000 };

/** Opens nothing yet: that is done by `send`. */
export function openEmail(options: EmailOptions, how: EmailHow): Notifier {
  const location = `${options.server}:${options.port}`;
  const recipients = options.to.map(({ address }) => address);
  return {
    traits: { kind: 'email', location, recipients },
    async send(message, { signal, only }) {
      const to = options.to.filter(({ address }) => only === undefined || only.includes(address));
      const { login } = options;
      const password = login === undefined ? undefined : await how.fetch(login.password, signal);
      signal.throwIfAborted();
      const translation: Translation = { location, options, password };
      return await deliver({ message, to, password, translation }, options, how, signal);
    },
  };
}

interface Letter {
  readonly message: Message;
  readonly to: readonly Address[];
  readonly password: Secret | undefined;
  readonly translation: Translation;
}

async function deliver(
  { message, to, password, translation }: Letter,
  options: EmailOptions,
  { host, times = TIMES }: EmailHow,
  signal: SendHow['signal'],
): Promise<Delivery> {
  const ca = await authority(options.caFile);
  const { createTransport } = await import('nodemailer');
  const transport = createTransport(transportOptions(options, { password, times, ca, signal }));
  const from = options.from.name === '' ? { ...options.from, name: `Surety on ${host}` } : options.from;
  try {
    const sent = await transport.sendMail({
      from,
      to: to.map((one) => ({ ...one })),
      subject: message.subject,
      text: message.text,
      messageId: `<${message.id}@${domainToASCII(domainOf(options.from)) || 'localhost'}>`,
      // So that no absence notice is sent back (RFC 3834).
      headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
      disableFileAccess: true,
      disableUrlAccess: true,
      signal,
    });
    const refused = (sent.rejectedErrors ?? []).map((error: SmtpFailure) => ({
      recipient: nameIn(to, error.recipient),
      error: smtpError(error, translation),
    }));
    return {
      answer: withoutSecrets(sent.response, translation),
      accepted: sent.accepted.map((one) => nameIn(to, one)),
      refused,
    };
  } catch (error) {
    signal.throwIfAborted();
    throw smtpError(error as SmtpFailure, translation);
  } finally {
    transport.close();
  }
}

interface TransportHow {
  readonly password: Secret | undefined;
  readonly times: EmailTimes;
  readonly ca: string | undefined;
  readonly signal: AbortSignal;
}

function transportOptions(
  { server, port, security, login }: EmailOptions,
  { password, times, ca, signal }: TransportHow,
): SMTPTransportOptions {
  return {
    host: server,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    ...(login === undefined ? {} : { auth: { user: login.user, pass: password?.reveal() ?? '' } }),
    connectionTimeout: times.connectMs,
    greetingTimeout: times.greetingMs,
    socketTimeout: times.silenceMs,
    // By itself, it asks name servers first, also for what this machine knows.
    getSocket: (_, done) =>
      void connectTo({ host: server, port }, times.connectMs, signal).then(
        (connection) => done(null, { connection }),
        done,
      ),
    socketCloseTimeout: CLOSE_MS,
    tls: { rejectUnauthorized: true, minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) },
    logger: false,
  };
}

/** A server that took the message need not say goodbye. */
const CLOSE_MS = 1000;

async function authority(caFile: string | undefined): Promise<string | undefined> {
  if (caFile === undefined) return undefined;
  try {
    return await readFile(caFile, 'utf8');
  } catch (cause) {
    throw new SuretyError('notify.ca-unreadable', `the file ${caFile} can not be read: ${messageOf(cause)}`, {
      hint: 'correct `ca_file` of notifications.email',
      cause,
    });
  }
}

function domainOf({ address }: Address): string {
  return address.slice(address.lastIndexOf('@') + 1);
}

/** The recipient as the configuration writes it: on the wire, domains are ASCII. */
function nameIn(to: readonly Address[], sent: string | undefined): string {
  const wire = (address: string) => {
    const at = address.lastIndexOf('@') + 1;
    return address.slice(0, at) + (domainToASCII(address.slice(at)) || address.slice(at)).toLowerCase();
  };
  return to.find(({ address }) => wire(address) === wire(sent ?? ''))?.address ?? sent ?? '';
}
