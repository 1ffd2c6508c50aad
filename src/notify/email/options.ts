/** What `notifications.email` of the configuration says. */
import * as z from 'zod';
import { durationValue, parsedBy, type SecretSpec, secretValue } from '../../base/option-values.ts';
import { type Address, parseAddress } from './address.ts';

/**
 * How the connection is encrypted. `starttls`: after it was opened, and nothing is sent to a server that does not do it; `tls`: from
 * its first byte; `none`: not at all.
 */
export type Security = 'starttls' | 'tls' | 'none';

export interface EmailOptions {
  readonly server: string;
  readonly port: number;
  readonly security: Security;
  /** Undefined: no login. */
  readonly login: { readonly user: string; readonly password: SecretSpec } | undefined;
  readonly from: Address;
  /** At least one; no address twice. */
  readonly to: readonly Address[];
  /** The only authority that the server's certificate may come from; undefined: those that Node knows. */
  readonly caFile: string | undefined;
  /** How long sending one message may take, all attempts together. */
  readonly limitMs: number;
}

const PORTS: Readonly<Record<Security, number>> = { starttls: 587, tls: 465, none: 25 };
const LIMIT_MS = 120_000;
const RECIPIENTS_MAX = 50;

const address = z.string().superRefine(parsedBy((text: string) => void parseAddress(text)));

const SERVER = /^[^\s/@:]+$|^[0-9A-Fa-f:.]+$/;

const server = z
  .string()
  .refine((text) => SERVER.test(text), {
    error: 'this is no name of a server',
    params: { hint: 'write only its name, such as smtp.example.org; the port stands in `port`' },
  })
  .describe('name or address of the SMTP server');

export const emailSchema = z
  .strictObject({
    server,
    port: z.int().min(1).max(65_535).describe('default 587; 465 for tls, 25 for none').optional(),
    security: z
      .enum(['starttls', 'tls', 'none'])
      .describe('how the connection is encrypted: starttls (default), tls (default on port 465), none')
      .optional(),
    user: z.string().min(1).describe('whom to log in as; default: no login').optional(),
    password: secretValue.optional(),
    from: address.describe('the sender, as ops@example.org or Operations <ops@example.org>'),
    to: z
      .union([address, z.array(address).min(1).max(RECIPIENTS_MAX)])
      .describe('who gets the messages: one address or a list'),
    ca_file: z
      .string()
      .min(1)
      .describe('PEM file of the authority that the certificate of the server is from')
      .optional(),
    time_limit: durationValue
      .describe('how long sending one message may take, with all attempts; default 2m')
      .optional(),
  })
  .superRefine((raw, context) => {
    if ((raw.user === undefined) === (raw.password === undefined)) return;
    const [missing, there] = raw.user === undefined ? ['user', 'password'] : ['password', 'user'];
    context.addIssue({ code: 'custom', path: [there], message: `${there} needs ${missing} beside it` });
  });

/** The options with their defaults. */
export function emailOptions(raw: z.output<typeof emailSchema>): EmailOptions {
  const security = raw.security ?? (raw.port === PORTS.tls ? 'tls' : 'starttls');
  const to = (typeof raw.to === 'string' ? [raw.to] : raw.to).map(parseAddress);
  const { user, password } = raw;
  return {
    server: raw.server,
    port: raw.port ?? PORTS[security],
    security,
    login: user === undefined || password === undefined ? undefined : { user, password },
    from: parseAddress(raw.from),
    to: to.filter((one, at) => to.findIndex((other) => other.address === one.address) === at),
    caFile: raw.ca_file,
    limitMs: raw.time_limit ?? LIMIT_MS,
  };
}
