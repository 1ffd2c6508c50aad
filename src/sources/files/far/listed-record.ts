/** One file as `find` or `stat` of another host tell of it. */
import { joinDevice } from '../../../base/device-number.ts';
import type { EntryType } from '../../source.ts';
import type { Listed } from './listed-tree.ts';

export interface ListedRecord {
  readonly listed: Listed;
  /** How far below its start; undefined where the name is a path. */
  readonly depth: number | undefined;
  readonly name: Buffer;
  readonly target: Buffer;
}

const FIND_TYPES: Readonly<Record<string, EntryType>> = {
  ...{ f: 'file', d: 'dir', l: 'symlink', p: 'fifo', s: 'socket', c: 'chardev', b: 'dev' },
};

const STAT_TYPES: Readonly<Record<number, EntryType>> = {
  ...{ 32768: 'file', 16384: 'dir', 40960: 'symlink', 4096: 'fifo' },
  ...{ 49152: 'socket', 8192: 'chardev', 24576: 'dev' },
};

const NO_BYTES = Buffer.alloc(0);
const SPACE = 0x20;
const NS_PER_S = 1_000_000_000n;

/** Reads numbers from text without making strings of it. */
class Cursor {
  readonly #bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  /** A number in the base, and the space behind it. NaN where there is none. */
  number(base: number): number {
    let value = 0;
    let digits = 0;
    for (; ; this.at++, digits++) {
      const digit = digitOf(this.#bytes[this.at]);
      if (digit < 0 || digit >= base) break;
      value = value * base + digit;
    }
    return digits > 0 && this.#end() ? value : Number.NaN;
  }

  /** As {@link number} in base ten, however large. */
  wide(): bigint {
    const from = this.at;
    const value = this.number(10);
    if (Number.isSafeInteger(value)) return BigInt(value);
    return BigInt(this.#bytes.toString('latin1', from, this.at).trim());
  }

  /** `SECONDS.FRACTION`; the fraction goes forward also before 1970. */
  time(): bigint {
    const isNegative = this.#bytes[this.at] === 0x2d;
    if (isNegative) this.at += 1;
    let seconds = 0;
    for (let digit = digitOf(this.#bytes[this.at]); digit >= 0 && digit < 10; digit = digitOf(this.#bytes[this.at])) {
      seconds = seconds * 10 + digit;
      this.at += 1;
    }
    let nanoseconds = 0;
    if (this.#bytes[this.at] === 0x2e) {
      this.at += 1;
      let scale = 100_000_000;
      for (let digit = digitOf(this.#bytes[this.at]); digit >= 0 && digit < 10; digit = digitOf(this.#bytes[this.at])) {
        nanoseconds += digit * Math.trunc(scale);
        scale /= 10;
        this.at += 1;
      }
    }
    if (!this.#end() || !Number.isSafeInteger(seconds)) throw new RangeError('no time');
    return BigInt(isNegative ? -seconds : seconds) * NS_PER_S + BigInt(nanoseconds);
  }

  #end(): boolean {
    if (this.#bytes[this.at] !== SPACE) return false;
    this.at += 1;
    return true;
  }
}

/** 0 to 15, or -1. */
function digitOf(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  return byte >= 0x61 && byte <= 0x66 ? byte - 0x57 : -1;
}

/** What GNU `find` prints, with the numbers of a device in a line before it. Undefined for what is none. */
export function findRecord(bytes: Buffer, from: number, to: number, target: Buffer): ListedRecord | undefined {
  let start = from;
  let deviceNumber: bigint | undefined;
  if (bytes[start] === 0x40) {
    const end = bytes.indexOf(0x0a, start);
    const numbers = /^@([0-9a-f]+) ([0-9a-f]+)$/.exec(bytes.toString('latin1', start, end < 0 ? to : end));
    if (numbers === null) return undefined;
    deviceNumber = deviceOf(numbers[1]!, numbers[2]!);
    start = end + 1;
  }
  const type = FIND_TYPES[String.fromCharCode(bytes[start] ?? 0)];
  if (type === undefined || bytes[start + 1] !== SPACE) return undefined;
  const cursor = new Cursor(bytes, start + 2);
  try {
    const [mode, uid, gid] = [cursor.number(8), cursor.number(10), cursor.number(10)];
    const [mtimeNs, ctimeNs] = [cursor.time(), cursor.time()];
    const [sizeBytes, inode, device] = [cursor.number(10), cursor.wide(), cursor.wide()];
    const [links, depth] = [cursor.number(10), cursor.number(10)];
    if (Number.isNaN(mode + uid + gid + sizeBytes + links + depth) || cursor.at > to) return undefined;
    const listed = { type, mode, uid, gid, mtimeNs, ctimeNs, sizeBytes, inode, device, links, deviceNumber };
    return { listed, depth, name: bytes.subarray(cursor.at, to), target };
  } catch {
    return undefined;
  }
}

const STAT_LINE =
  /^([0-9a-f]+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) ([0-9a-f]+) ([0-9a-f]+) (-?\d+) (-?\d+) ([^|]*)\|([^|]*)\|$/;

/** All that `stat` told of several files; undefined stands for what is none. */
export function* statRecords(bytes: Buffer, nonce: Buffer): Generator<ListedRecord | undefined> {
  const size = nonce.length;
  for (let from = bytes.indexOf(nonce); from >= 0; ) {
    const middle = bytes.indexOf(nonce, from + size);
    if (middle < 0) return yield undefined;
    const next = bytes.indexOf(nonce, middle + size);
    const tail = bytes.subarray(middle + size, next < 0 ? bytes.length : next);
    yield statRecord(bytes.subarray(from + size, middle), tail);
    from = next;
  }
}

/** What stands between two nonces, and behind the second: the name again, with the target of a link. */
function statRecord(head: Buffer, tail: Buffer): ListedRecord | undefined {
  const bar = head.indexOf(0x7c, head.indexOf(0x7c) + 1);
  const found = bar < 0 ? null : STAT_LINE.exec(head.toString('latin1', 0, bar + 1));
  if (found === null) return undefined;
  const field = (at: number): string => found[at]!;
  const type = STAT_TYPES[Number.parseInt(field(1), 16) & 0o170000];
  const name = head.subarray(bar + 1);
  const target = type === 'symlink' ? targetIn(tail, name) : NO_BYTES;
  if (type === undefined || target === undefined) return undefined;
  const isDevice = type === 'chardev' || type === 'dev';
  const listed: Listed = {
    type,
    mode: Number.parseInt(field(1), 16) & 0o7777,
    ...{ uid: Number(field(2)), gid: Number(field(3)), sizeBytes: Number(field(4)) },
    ...{ inode: BigInt(field(5)), device: BigInt(field(6)), links: Number(field(7)) },
    mtimeNs: BigInt(field(10)) * NS_PER_S + fractionOf(field(12)),
    ctimeNs: BigInt(field(11)) * NS_PER_S + fractionOf(field(13)),
    deviceNumber: isDevice ? deviceOf(field(8), field(9)) : undefined,
  };
  return { listed, depth: undefined, name, target };
}

/** Nanoseconds of `2026-01-02 03:04:05.123456789 +0000`; 0 where only seconds are told. */
function fractionOf(text: string): bigint {
  const digits = /\.(\d{1,9})/.exec(text)?.[1] ?? '';
  return BigInt(digits.padEnd(9, '0'));
}

/** `'NAME' -> 'TARGET'`, or without the quotes; there may be anything in both. */
function targetIn(tail: Buffer, name: Buffer): Buffer | undefined {
  for (const quote of ["'", '']) {
    const head = Buffer.concat([Buffer.from(quote), name, Buffer.from(`${quote} -> ${quote}`)]);
    const end = Buffer.from(`${quote}\n`);
    const isSo = tail.subarray(0, head.length).equals(head) && tail.subarray(tail.length - end.length).equals(end);
    if (isSo) return tail.subarray(head.length, tail.length - end.length);
  }
  return undefined;
}

function deviceOf(major: string, minor: string): bigint {
  return joinDevice({ major: Number.parseInt(major, 16), minor: Number.parseInt(minor, 16) });
}
