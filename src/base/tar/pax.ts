/**
 * PAX extended headers (POSIX.1-2001): records `LENGTH KEY=VALUE\n` in front of a member, for what its header block has no room for.
 * Values are bytes.
 */
import { decodeName } from '../names.ts';
import { damagedTar } from './header-block.ts';

export type PaxRecords = Map<string, Buffer>;

export const XATTR_PREFIX = 'SCHILY.xattr.';

export function encodeRecords(records: ReadonlyMap<string, Uint8Array>): Buffer {
  const parts: Uint8Array[] = [];
  for (const [key, value] of records) parts.push(encodeRecord(Buffer.from(key, 'utf8'), value));
  return Buffer.concat(parts);
}

/** The length counts itself. */
function encodeRecord(key: Buffer, value: Uint8Array): Buffer {
  const rest = key.length + value.length + 3;
  let length = rest + String(rest).length;
  if (String(length).length !== String(rest).length) length = rest + String(length).length;
  return Buffer.concat([Buffer.from(`${length} `), key, Buffer.from('='), value, Buffer.from('\n')]);
}

/** Adds the records of a header to `into`; an empty value takes a key away. */
export function decodeRecords(bytes: Buffer, into: PaxRecords): void {
  let at = 0;
  while (at < bytes.length && bytes[at] !== 0) {
    const space = bytes.indexOf(0x20, at);
    const digits = space < 0 ? '' : bytes.toString('latin1', at, space);
    const end = at + Number(digits);
    const equals = bytes.indexOf(0x3d, space + 1);
    const isRecord = /^\d{1,15}$/.test(digits) && end <= bytes.length && bytes[end - 1] === 0x0a;
    if (!isRecord || equals < 0 || equals >= end) throw damagedTar('an extended header can not be read');
    const key = bytes.toString('utf8', space + 1, equals);
    const value = Buffer.from(bytes.subarray(equals + 1, end - 1));
    if (value.length === 0 && !key.startsWith(XATTR_PREFIX)) into.delete(key);
    else into.set(key, value);
    at = end;
  }
}

/** The name of an extended attribute as a key: `=` ends a key, so it is written as GNU tar does. */
export function xattrKey(name: string): string {
  return XATTR_PREFIX + name.replaceAll('%', '%25').replaceAll('=', '%3D');
}

export function xattrName(key: string): string {
  return key.slice(XATTR_PREFIX.length).replaceAll('%3D', '=').replaceAll('%25', '%');
}

/** `1700000000.123456789`. */
export function encodeTime(timeNs: bigint): string {
  const size = timeNs < 0n ? -timeNs : timeNs;
  const fraction = String(size % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '');
  const text = `${size / 1_000_000_000n}${fraction === '' ? '' : `.${fraction}`}`;
  return timeNs < 0n ? `-${text}` : text;
}

export function decodeTime(value: Buffer): bigint {
  const match = /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(value.toString('latin1'));
  if (match === null) throw damagedTar('an extended header has a time that is none');
  const size = BigInt(match[2]!) * 1_000_000_000n + BigInt((match[3] ?? '').slice(0, 9).padEnd(9, '0'));
  return match[1] === '-' ? -size : size;
}

export function decodeNumber(value: Buffer): number {
  const text = value.toString('latin1');
  if (!/^\d{1,16}$/.test(text)) throw damagedTar('an extended header has a number that is none');
  return Number(text);
}

export function decodeText(value: Buffer): string {
  return decodeName(value);
}
