/** Reports as JSON. */
import { SuretyError } from '../base/errors.ts';

/** One JSON document with a line break. Dates are ISO 8601, errors are `{ code, message, hint, details }`. */
export function toJson(document: object): string {
  return `${JSON.stringify(document, replace, 2)}\n`;
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
