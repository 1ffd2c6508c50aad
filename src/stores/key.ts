import { SuretyError } from '../base/errors.ts';

/** The first part that no key may have: stores keep unfinished bodies there. */
export const RESERVED_PART = 'tmp';

const LONGEST_PART = 255;
const LONGEST_KEY = 1024;

/** Fails with `store.invalid-key` unless `key` is what the port says a key is. */
export function checkKey(key: string): void {
  const problem = problemOf(key);
  if (problem !== undefined) throw invalid('key', key, problem);
}

/** The same for the prefix of a list: a key, a key and a `/`, or ''. */
export function checkPrefix(prefix: string): void {
  if (prefix === '') return;
  const problem = problemOf(prefix.endsWith('/') ? prefix.slice(0, -1) : prefix);
  if (problem !== undefined) throw invalid('prefix', prefix, problem);
}

/** Whether {@link checkKey} accepts it. */
export function isKey(key: string): boolean {
  return problemOf(key) === undefined;
}

/** Whether `key` is listed under `prefix`: whole names only, so `data` has `data/ab` under it but not `database`. */
export function isUnder(key: string, prefix: string): boolean {
  if (prefix === '' || key === prefix) return true;
  return key.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`);
}

function problemOf(key: string): string | undefined {
  if (key === '') return 'it is empty';
  if (key.length > LONGEST_KEY) return `it is longer than ${LONGEST_KEY} characters`;
  const parts = key.split('/');
  if (parts[0] === RESERVED_PART) return `"${RESERVED_PART}" is reserved for unfinished writes`;
  for (const part of parts) {
    if (part === '') return 'it has an empty part';
    if (part === '.' || part === '..') return `it has a part "${part}"`;
    if (part.length > LONGEST_PART) return `it has a part longer than ${LONGEST_PART} characters`;
    if (!/^[A-Za-z0-9._-]+$/.test(part)) return 'a part may only have the characters A-Z a-z 0-9 . _ -';
  }
  return undefined;
}

function invalid(what: string, text: string, problem: string): SuretyError {
  return new SuretyError('store.invalid-key', `${what} ${JSON.stringify(text)} can not be stored: ${problem}`);
}
