/** Names of files as keys of a store, which have letters, digits, `.`, `_` and `-` only. */
import { createHash } from 'node:crypto';
import { encodeName } from '../../../base/names.ts';

const PART_MAX = 200;
const KEY_MAX = 900;

/**
 * The key of a file of a copy. A name that keys can have stays as it is; any other byte is `__` and two hex digits, and so is the first
 * of two underscores. What gets too long is `__long-` and the SHA-256 of its path.
 */
export function objectKey(copy: string, path: string): string {
  const parts = path.split('/');
  const key = `${copy}/${parts.map(encodedPart).join('/')}`;
  if (key.length <= KEY_MAX && parts.every((part) => encodedPart(part).length <= PART_MAX)) return key;
  return `${copy}/__long-${createHash('sha256').update(encodeName(path)).digest('hex')}`;
}

function encodedPart(name: string): string {
  if (/^[A-Za-z0-9.-]+$/.test(name) || /^(?:[A-Za-z0-9.-]|_(?!_))+$/.test(name)) return name;
  let text = '';
  const bytes = encodeName(name);
  for (const [at, byte] of bytes.entries()) {
    const character = String.fromCharCode(byte);
    const isPlain = /[A-Za-z0-9.-]/.test(character) || (character === '_' && bytes[at + 1] !== 0x5f);
    text += isPlain ? character : `__${byte.toString(16).padStart(2, '0')}`;
  }
  return text;
}
