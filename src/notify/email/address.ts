/** Addresses as they stand in the configuration: `ops@example.org` or `Operations <ops@example.org>`. */
import { SuretyError } from '../../base/errors.ts';

export interface Address {
  /** '' when none was given. */
  readonly name: string;
  /** `local@domain`. */
  readonly address: string;
}

/** What RFC 5321 lets stand before the `@` without quotes. */
const LOCAL = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const DOMAIN = /^[\p{L}\p{N}]([\p{L}\p{N}-]*[\p{L}\p{N}])?(\.[\p{L}\p{N}]([\p{L}\p{N}-]*[\p{L}\p{N}])?)*$/u;
const LITERAL = /^\[(\d{1,3}(\.\d{1,3}){3}|IPv6:[0-9A-Fa-f:.]+)\]$/;
const LOCAL_MAX = 64;
const WHOLE_MAX = 254;

/** Throws `value.invalid-address` with what is wrong. */
export function parseAddress(text: string): Address {
  if (/\p{Cc}/u.test(text)) throw invalid('it has a line break or another control character in it');
  const named = /^\s*(.*?)\s*<([^<>]*)>\s*$/.exec(text);
  const address = (named?.[2] ?? text).trim();
  const name = (named?.[1] ?? '').replace(/^"(.*)"$/, '$1').trim();
  if (/[<>",;]/.test(name) || /[\s,;]/.test(address)) throw invalid('it must be one address');
  const at = address.lastIndexOf('@');
  if (at < 0) throw invalid('it has no @');
  const [local, domain] = [address.slice(0, at), address.slice(at + 1)];
  if (!LOCAL.test(local) || local.length > LOCAL_MAX) throw invalid('what stands before the @ is no mailbox');
  if (!DOMAIN.test(domain) && !LITERAL.test(domain)) throw invalid('what stands behind the @ is no domain');
  if (address.length > WHOLE_MAX) throw invalid('it is too long');
  return { name, address };
}

/** The address as it stands in a header and in the configuration. */
export function addressText({ name, address }: Address): string {
  return name === '' ? address : `${name} <${address}>`;
}

function invalid(reason: string): SuretyError {
  return new SuretyError('value.invalid-address', `this is no e-mail address: ${reason}`, {
    hint: 'write it as ops@example.org or Operations <ops@example.org>',
  });
}
