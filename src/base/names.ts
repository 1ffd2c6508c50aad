/**
 * File names without loss. POSIX names are bytes; JavaScript strings are UTF-16. A name that is valid UTF-8 is its
 * ordinary string. A byte that is not part of valid UTF-8 (always 0x80–0xFF) becomes the lone surrogate
 * U+DC80–U+DCFF, as in Python's PEP 383 ("surrogateescape"): valid UTF-8 can not produce a surrogate, so the mapping
 * is exact both ways.
 */

const FIRST_SURROGATE = 0xd800;

/** The string for the bytes of a name. */
export function decodeName(bytes: Uint8Array): string {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = view.toString('utf8');
  if (!text.includes('\ufffd') || Buffer.from(text, 'utf8').equals(view)) return text;
  return decodeLossless(view);
}

function decodeLossless(bytes: Buffer): string {
  let text = '';
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at);
    if (length === 0) {
      text += String.fromCharCode(0xdc00 | bytes[at]!);
      at += 1;
    } else {
      text += bytes.toString('utf8', at, at + length);
      at += length;
    }
  }
  return text;
}

/** Length of the valid UTF-8 sequence at `at`, or 0 when the byte there does not start one. */
function sequenceLength(bytes: Buffer, at: number): number {
  const lead = bytes[at]!;
  if (lead < 0x80) return 1;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  const text = bytes.toString('utf8', at, at + length);
  return Buffer.byteLength(text) === length && !text.includes('\ufffd') ? length : isReplacement(bytes, at) ? 3 : 0;
}

/** A name may really contain U+FFFD (EF BF BD); it is valid and must not be taken for a decoding failure. */
function isReplacement(bytes: Buffer, at: number): boolean {
  return bytes[at] === 0xef && bytes[at + 1] === 0xbf && bytes[at + 2] === 0xbd;
}

/** The bytes of a name made by {@link decodeName}. */
export function encodeName(name: string): Buffer {
  if (name.isWellFormed()) return Buffer.from(name, 'utf8');
  const parts: Buffer[] = [];
  let from = 0;
  for (let at = 0; at < name.length; at++) {
    const unit = name.charCodeAt(at);
    if (unit >= 0xd800 && unit <= 0xdbff && at + 1 < name.length && (name.charCodeAt(at + 1) & 0xfc00) === 0xdc00) {
      at += 1;
      continue;
    }
    if (unit < 0xdc80 || unit > 0xdcff) continue;
    parts.push(Buffer.from(name.slice(from, at), 'utf8'), Buffer.of(unit & 0xff));
    from = at + 1;
  }
  parts.push(Buffer.from(name.slice(from), 'utf8'));
  return Buffer.concat(parts);
}

/** What to hand to `node:fs`: the string itself where it is exact, else the bytes. */
export function systemPath(path: string): string | Buffer {
  return path.isWellFormed() ? path : encodeName(path);
}

/** Orders names by their bytes, as restic and C programs do. UTF-16 order differs only from U+D800 upwards. */
export function compareNames(left: string, right: string): number {
  if (left === right) return 0;
  const shared = Math.min(left.length, right.length);
  for (let at = 0; at < shared; at++) {
    const a = left.charCodeAt(at);
    const b = right.charCodeAt(at);
    if (a === b) continue;
    if (a < FIRST_SURROGATE || b < FIRST_SURROGATE) {
      if (a < FIRST_SURROGATE && b < FIRST_SURROGATE) return a - b;
    }
    return Buffer.compare(encodeName(left), encodeName(right));
  }
  return left.length - right.length;
}

/** Orders paths depth first: what is in a directory comes before its next sibling, siblings are in the order of {@link compareNames}. */
export function comparePaths(left: string, right: string): number {
  const [a, b] = [left.split('/'), right.split('/')];
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const order = compareNames(a[at]!, b[at]!);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Sorts names in place by their bytes. */
export function sortNames(names: string[]): string[] {
  return names.some(hasHighUnit) ? names.sort(compareNames) : names.sort();
}

function hasHighUnit(name: string): boolean {
  for (let at = 0; at < name.length; at++) if (name.charCodeAt(at) >= FIRST_SURROGATE) return true;
  return false;
}

/** Unseen characters that steer a terminal or turn the direction of what follows. */
function isUnseen(unit: number): boolean {
  if (unit < 0x20 || (unit >= 0x7f && unit <= 0x9f)) return true;
  return unit === 0x200e || unit === 0x200f || (unit >= 0x2028 && unit <= 0x202e) || (unit >= 0x2066 && unit <= 0x2069);
}

/** A name for people: bytes that are not UTF-8 and ASCII controls are shown as `\xNN`, other unseen ones as `\uNNNN`. */
export function displayName(name: string): string {
  let shown = '';
  for (let at = 0; at < name.length; at++) {
    const unit = name.charCodeAt(at);
    const paired = unit >= 0xd800 && unit <= 0xdbff && (name.charCodeAt(at + 1) & 0xfc00) === 0xdc00;
    if (paired) shown += name.slice(at, ++at + 1);
    else if (unit >= 0xdc80 && unit <= 0xdcff) shown += `\\x${(unit & 0xff).toString(16)}`;
    else if ((unit >= 0xd800 && unit <= 0xdfff) || (unit > 0x7f && isUnseen(unit)))
      shown += `\\u${unit.toString(16).padStart(4, '0')}`;
    else if (isUnseen(unit)) shown += `\\x${unit.toString(16).padStart(2, '0')}`;
    else shown += name[at];
  }
  return shown;
}
