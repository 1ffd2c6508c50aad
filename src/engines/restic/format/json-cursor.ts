/**
 * Walks over JSON as bytes without making values of it, for documents too large to parse whole. It finds where values
 * begin and end; what is in them is left to `JSON.parse`, which also rejects what the walk is lenient about.
 */
export interface JsonCursor {
  readonly bytes: Uint8Array;
  at: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

export const BYTE = {
  comma: 0x2c,
  colon: 0x3a,
  openList: 0x5b,
  closeList: 0x5d,
  openObject: 0x7b,
  closeObject: 0x7d,
} as const;

/** The next byte that is not white space, without passing it; -1 at the end. */
export function peek(cursor: JsonCursor): number {
  const { bytes } = cursor;
  let at = cursor.at;
  while (at < bytes.length && (bytes[at] === 0x20 || (bytes[at]! >= 0x09 && bytes[at]! <= 0x0d))) at++;
  cursor.at = at;
  return at < bytes.length ? bytes[at]! : -1;
}

/** Passes the next byte when it is `byte`. */
export function accept(cursor: JsonCursor, byte: number): boolean {
  if (peek(cursor) !== byte) return false;
  cursor.at += 1;
  return true;
}

/** Passes one whole value. False when it does not end. */
export function skipValue(cursor: JsonCursor): boolean {
  const first = peek(cursor);
  if (first === QUOTE) return skipText(cursor);
  if (first !== BYTE.openObject && first !== BYTE.openList) return skipScalar(cursor);
  const { bytes } = cursor;
  let depth = 0;
  while (cursor.at < bytes.length) {
    const byte = bytes[cursor.at]!;
    if (byte === QUOTE) {
      if (!skipText(cursor)) return false;
      continue;
    }
    cursor.at += 1;
    if (byte === BYTE.openObject || byte === BYTE.openList) depth += 1;
    else if ((byte === BYTE.closeObject || byte === BYTE.closeList) && --depth === 0) return true;
  }
  return false;
}

function skipText(cursor: JsonCursor): boolean {
  const { bytes } = cursor;
  for (let at = cursor.at + 1; at < bytes.length; at++) {
    if (bytes[at] === BACKSLASH) at += 1;
    else if (bytes[at] === QUOTE) {
      cursor.at = at + 1;
      return true;
    }
  }
  return false;
}

function skipScalar(cursor: JsonCursor): boolean {
  const { bytes } = cursor;
  const from = cursor.at;
  while (cursor.at < bytes.length && isScalar(bytes[cursor.at]!)) cursor.at += 1;
  return cursor.at > from;
}

function isScalar(byte: number): boolean {
  return (
    byte > 0x20 && byte !== BYTE.comma && byte !== BYTE.closeList && byte !== BYTE.closeObject && byte !== BYTE.colon
  );
}

/** Passes a value and returns its text. Undefined when it does not end. */
export function takeValue(cursor: JsonCursor): string | undefined {
  peek(cursor);
  const from = cursor.at;
  return skipValue(cursor) ? textBetween(cursor, from, cursor.at) : undefined;
}

export function textBetween(cursor: JsonCursor, from: number, to: number): string {
  const { bytes } = cursor;
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8');
}
