/**
 * The one error class of Surety. Adapters translate native errors into it at their own edge, operations add
 * context, and the surface renders it once.
 */
export interface ErrorFacts {
  /** What to do about it: one sentence, no full stop. */
  readonly hint?: string | undefined;
  /** The error that caused this one; kept for logs, never shown raw. */
  readonly cause?: unknown;
  /** Whether the same call may succeed a little later without anybody doing anything. Default `never`. */
  readonly retry?: 'never' | 'later';
  /** Context pairs such as `{ key: 'index/ab…' }`. Never a secret. */
  readonly details?: Readonly<Record<string, string | number | boolean>>;
}

/**
 * An error meant to be read by a person.
 *
 * `code` is stable and dotted (`store.not-found`, `restic.wrong-password`); each port file lists the codes its
 * adapters use. `message` is lower case, without a full stop, and says what happened to what.
 */
export class SuretyError extends Error {
  override readonly name = 'SuretyError';
  readonly code: string;
  readonly hint: string | undefined;
  readonly retry: 'never' | 'later';
  readonly details: Readonly<Record<string, string | number | boolean>>;

  constructor(code: string, message: string, facts: ErrorFacts = {}) {
    super(printable(message), facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    this.hint = facts.hint === undefined ? undefined : printable(facts.hint);
    this.retry = facts.retry ?? 'never';
    this.details = facts.details ?? {};
  }
}

/** Without what makes a terminal do things: messages quote what servers and programs said. Lines stay. */
export function printable(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll(/[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/gu, (one) => {
    const hex = one.charCodeAt(0).toString(16);
    return hex.length > 2 ? `\\u${hex.padStart(4, '0')}` : `\\x${hex.padStart(2, '0')}`;
  });
}

/** True when `error` is a {@link SuretyError} with one of these codes. */
export function hasCode(error: unknown, ...codes: readonly string[]): error is SuretyError {
  return error instanceof SuretyError && codes.includes(error.code);
}

/** The system's error code (`ENOENT`, `ENOSPC`, …) of a native error, or undefined; a {@link SuretyError} has none. */
export function systemCode(error: unknown): string | undefined {
  if (error instanceof SuretyError || typeof error !== 'object' || error === null || !('code' in error))
    return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** A short text for any thrown value; used where a foreign error becomes part of our message. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
