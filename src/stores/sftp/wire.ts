/**
 * Packets of SFTP version 3 (draft-ietf-secsh-filexfer-02), the version that OpenSSH and nearly every other server speak: a 32-bit length, a
 * type, a request id and fields. Numbers are big-endian; text is a 32-bit length and UTF-8.
 */
export const PACKET = {
  init: 1,
  version: 2,
  open: 3,
  close: 4,
  read: 5,
  write: 6,
  lstat: 7,
  fstat: 8,
  setstat: 9,
  fsetstat: 10,
  opendir: 11,
  readdir: 12,
  remove: 13,
  mkdir: 14,
  rmdir: 15,
  realpath: 16,
  stat: 17,
  rename: 18,
  status: 101,
  handle: 102,
  data: 103,
  name: 104,
  attributes: 105,
  extended: 200,
  extendedReply: 201,
} as const;

export const STATUS = {
  ok: 0,
  eof: 1,
  noSuchFile: 2,
  permissionDenied: 3,
  failure: 4,
  badMessage: 5,
  noConnection: 6,
  connectionLost: 7,
  unsupported: 8,
} as const;

/** What a server answers when it does not do what it was asked. */
export class StatusError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Whether `error` is a server's answer with one of these statuses. */
export function hasStatus(error: unknown, ...statuses: readonly (keyof typeof STATUS)[]): boolean {
  return error instanceof StatusError && statuses.some((status) => STATUS[status] === error.status);
}

export function u32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function u64(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

export function text(value: string | Uint8Array): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return Buffer.concat([u32(bytes.length), bytes]);
}

/** A packet whose last field is followed by `extraBytes` that are sent right after it. */
export function packet(type: number, fields: readonly Uint8Array[], extraBytes = 0): Buffer {
  const sizeBytes = fields.reduce((sum, field) => sum + field.length, 1 + extraBytes);
  return Buffer.concat([u32(sizeBytes), Uint8Array.of(type), ...fields]);
}

/** Reads the fields of a packet one after another. Throws a `RangeError` where the packet is too short. */
export interface Fields {
  u32(): number;
  u64(): number;
  bytes(): Buffer;
  text(): string;
  /** Whether something is left. */
  more(): boolean;
}

export function fieldsOf(body: Buffer, from = 0): Fields {
  let at = from;
  const take = (sizeBytes: number): number => {
    const start = at;
    at += sizeBytes;
    if (at > body.length) throw new RangeError('a packet is shorter than it says');
    return start;
  };
  const fields: Fields = {
    u32: () => body.readUInt32BE(take(4)),
    u64: () => Number(body.readBigUInt64BE(take(8))),
    bytes() {
      const sizeBytes = fields.u32();
      const start = take(sizeBytes);
      return body.subarray(start, start + sizeBytes);
    },
    text: () => fields.bytes().toString(),
    more: () => at < body.length,
  };
  return fields;
}

/** Cuts a byte stream into packets. */
export interface PacketCutter {
  /** The bodies (type and all that follows) of the packets that are whole now. Throws a `RangeError` for an impossible length. */
  add(chunk: Buffer): Buffer[];
  /** What came and is no whole packet yet. */
  rest(): Buffer;
}

/** No server sends more at once than was asked for, and no list of names is so long. */
const LONGEST_BYTES = 1 << 24;

export function openPacketCutter(): PacketCutter {
  let parts: Buffer[] = [];
  let sizeBytes = 0;
  let neededBytes = 4;

  function joined(): Buffer {
    const all = parts.length === 1 ? parts[0]! : Buffer.concat(parts, sizeBytes);
    parts = [all];
    return all;
  }

  return {
    rest: () => (parts.length === 0 ? Buffer.alloc(0) : joined()),
    add(chunk) {
      parts.push(chunk);
      sizeBytes += chunk.length;
      if (sizeBytes < neededBytes) return [];
      const all = joined();
      const found: Buffer[] = [];
      let at = 0;
      neededBytes = 4;
      while (all.length - at >= 4) {
        const length = all.readUInt32BE(at);
        if (length === 0 || length > LONGEST_BYTES) throw new RangeError(`a packet of ${length} bytes`);
        neededBytes = 4 + length;
        if (all.length - at < neededBytes) break;
        found.push(all.subarray(at + 4, at + neededBytes));
        at += neededBytes;
        neededBytes = 4;
      }
      parts = at < all.length ? [all.subarray(at)] : [];
      sizeBytes = all.length - at;
      return found;
    },
  };
}
