import type { IncomingHttpHeaders } from 'node:http';
import { messageOf, SuretyError } from '../../base/errors.ts';
import { networkFailure, type Say } from '../network-failure.ts';

/** What a failure is about. */
export interface FailedPlace {
  readonly name: string;
  readonly location: string;
}

/** An answer that is a failure. */
export interface Refused {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

interface Answer {
  readonly status: number;
  /** The service's word for it such as `notFound`; '' when the answer had none. */
  readonly reason: string;
  readonly message: string;
  readonly retryAfter: string;
}

/** The cause of a port error: what the service answered. */
class ServiceRefusal extends Error {
  override readonly name = 'ServiceRefusal';
  readonly status: number;
  readonly reason: string;

  constructor({ status, reason, message }: Answer) {
    super(`HTTP status ${status}${reason === '' ? '' : ` (${reason})`}${message === '' ? '' : `: ${message}`}`);
    this.status = status;
    this.reason = reason;
  }
}

const RATE = new Set(['rateLimitExceeded', 'userRateLimitExceeded', 'backendError', 'internalError']);
const LOCKED = /retentionPolicyNotMet|objectUnderActiveHold|retention|active hold|\bhold\b/i;

/** The port's error for what went wrong on the way. `action` says what was tried: `write index/ab…`. */
export function gcsFailure(error: unknown, action: string, place: FailedPlace): unknown {
  if (error instanceof SuretyError) return error;
  const say = sayer(action, place, error);
  if (error instanceof SyntaxError) {
    return say('failed', 'the answer is not one of Google Cloud Storage', { hint: 'check the endpoint' });
  }
  return networkFailure(error, say) ?? say('failed', oneLine(messageOf(error)));
}

/** The port's error for what the service refused. */
export function refusalFailure(refused: Refused, action: string, place: FailedPlace): SuretyError {
  const answer = answerOf(refused);
  const say = sayer(action, place, new ServiceRefusal(answer));
  return (
    passing(answer, say) ??
    refusal(answer, place, say) ??
    say('failed', `the service answered ${shown(answer)}`, {
      ...(answer.reason === '' ? { hint: 'check the endpoint: the answer is not one of Google Cloud Storage' } : {}),
    })
  );
}

/** The HTTP status of the answer behind a port error, 0 when there was none. */
export function serviceStatus(error: unknown): number {
  const cause = error instanceof SuretyError ? error.cause : error;
  return cause instanceof ServiceRefusal ? cause.status : 0;
}

/** Whether a port error says that the bucket is not there, and not only the object. */
export function isBucketMissing(error: unknown): boolean {
  return error instanceof SuretyError && error.code === 'store.not-found' && error.details.bucket !== undefined;
}

function sayer(action: string, place: FailedPlace, cause: unknown): Say {
  return (code, problem, facts = {}) =>
    new SuretyError(`store.${code}`, `can not ${action} in ${place.location}: ${problem}`, { cause, ...facts });
}

function passing(answer: Answer, say: Say): SuretyError | undefined {
  const { status, reason } = answer;
  const server = status >= 500 && status !== 501 && status !== 505 && status !== 507;
  if (!RATE.has(reason) && status !== 429 && status !== 408 && !server) return undefined;
  const seconds = Number(answer.retryAfter);
  const details = Number.isFinite(seconds) && seconds > 0 ? { retryAfterSeconds: seconds } : {};
  return say('unavailable', `the service answered ${shown(answer)}`, { retry: 'later', details });
}

function refusal(answer: Answer, place: FailedPlace, say: Say): SuretyError | undefined {
  const { status, reason, message } = answer;
  if (status === 404) {
    if (/^no such object/i.test(message) || !/bucket/i.test(message))
      return say('not-found', 'there is no such object');
    return say('not-found', `there is no bucket ${place.name}`, {
      hint: 'check the name, or make it with surety init',
      details: { bucket: place.name },
    });
  }
  if (status === 400 && /md5|crc32c|hash|checksum/i.test(message)) {
    return say('unavailable', 'the bytes did not arrive as they were sent', { retry: 'later' });
  }
  if (status === 507 || /quotaExceeded|storage quota/i.test(`${reason} ${message}`)) {
    return say('full', 'the quota is used up', { hint: 'raise the quota of the project, or run surety cleanup' });
  }
  if ((status === 403 || status === 412) && LOCKED.test(`${reason} ${message}`)) {
    return say('locked', 'retention or a hold keeps it', { hint: `wait until it ends (${oneLine(message)})` });
  }
  if (status === 401) {
    return say('credentials', `the credentials were refused (${shown(answer)})`, {
      hint: 'check GOOGLE_APPLICATION_CREDENTIALS or key_file; a key may have been deleted',
    });
  }
  if (status === 403) {
    const hint = 'give the account the rights that docs/gcs.md lists, for this bucket';
    return say('denied', `access is denied (${shown(answer)})`, { hint });
  }
  if (status === 400 && /invalid object name|object name/i.test(message)) {
    return say('invalid-key', `the service takes no object of this name (${oneLine(message)})`);
  }
  return undefined;
}

function answerOf({ status, headers, text }: Refused): Answer {
  const retryAfter = headers['retry-after'] ?? '';
  try {
    const { error } = JSON.parse(text) as { readonly error?: ServiceError | string };
    if (typeof error === 'object') {
      const reason = error.errors?.[0]?.reason ?? error.status ?? 'unnamed';
      return { status, reason, message: error.message ?? '', retryAfter };
    }
  } catch {
    // What is not JSON is for people: uploads answer so.
  }
  const isText = (headers['content-type'] ?? '').startsWith('text/plain');
  return { status, reason: '', message: isText ? oneLine(text) : '', retryAfter };
}

interface ServiceError {
  readonly message?: string;
  readonly status?: string;
  readonly errors?: readonly { readonly reason?: string }[];
}

function shown({ status, reason, message }: Answer): string {
  return [`HTTP status ${status}`, reason, oneLine(message)].filter((part) => part !== '').join(': ');
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim().replace(/\.$/, '').slice(0, 300);
}
