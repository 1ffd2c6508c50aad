/** Ids of files and blobs: SHA-256 as 64 lower-case hex digits, or as 32 bytes. */
const ID = /^[0-9a-f]{64}$/;

export const ID_BYTES = 32;

export function isId(text: unknown): text is string {
  return typeof text === 'string' && ID.test(text);
}

/** The 32 bytes of an id in hex. */
export function idBytes(id: string): Buffer {
  return Buffer.from(id, 'hex');
}

/** The hex digits of an id in bytes. */
export function idText(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('hex');
}
