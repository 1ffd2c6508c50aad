/** Reports as JSON. */
import { SuretyError } from '../base/errors.ts';

/** Characters that JSON need not escape and a terminal must not get: see `displayName`. */
const UNSEEN = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** One JSON document with a line break. Dates are ISO 8601, errors are `{ code, message, hint, details }`. */
export function toJson(document: object): string {
  const json = JSON.stringify(document, replace, 2);
  return `${json.replace(UNSEEN, (unseen) => `\\u${unseen.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`;
}

function replace(_key: string, value: unknown): unknown {
  if (value instanceof Error) return errorDocument(value);
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Set) return [...value];
  if (value instanceof Map) return Object.fromEntries(value);
  return value;
}

/** An error as scripts see it. */
export function errorDocument(error: Error): object {
  if (!(error instanceof SuretyError))
    return { code: 'internal.unexpected', message: error.message, hint: null, details: {} };
  return { code: error.code, message: error.message, hint: error.hint ?? null, details: error.details };
}
