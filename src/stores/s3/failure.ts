import { systemClock } from '../../base/clock.ts';
import { type ErrorFacts, messageOf, SuretyError, systemCode } from '../../base/errors.ts';
import { networkFailure } from '../network-failure.ts';

/** What a failure is about. */
export interface FailedPlace {
  readonly name: string;
  readonly location: string;
}

interface Answer {
  /** The service's code such as `NoSuchKey`; '' when the answer had none. */
  readonly name: string;
  readonly status: number;
  readonly message: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly region: string | undefined;
}

const CREDENTIALS = new Set([
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'InvalidToken',
  'InvalidClientTokenId',
  'UnrecognizedClientException',
  'TokenRefreshRequired',
  'InvalidSecurity',
  'MissingSecurityHeader',
  'NotSignedUp',
]);
const EXPIRED = new Set(['ExpiredToken', 'ExpiredTokenException']);
const CLOCK = new Set(['RequestTimeTooSkewed', 'RequestExpired', 'RequestInTheFuture']);
const DENIED = new Set(['AccessDenied', 'AllAccessDisabled', 'AccountProblem', 'InvalidPayer', 'MethodNotAllowed']);
const FULL = new Set([
  'QuotaExceeded',
  'XMinioStorageFull',
  'XMinioAdminBucketQuotaExceeded',
  'InsufficientStorage',
  'ServiceQuotaExceeded',
]);
const PASSING = new Set([
  ...['SlowDown', 'ServiceUnavailable', 'InternalError', 'RequestTimeout', 'RequestTimeoutException'],
  ...['OperationAborted', 'ConditionalRequestConflict', 'Throttling', 'ThrottlingException', 'RequestLimitExceeded'],
  ...['TooManyRequests', 'RequestThrottled', 'BandwidthLimitExceeded', 'TemporarilyUnavailable'],
]);
/** Codes of a service to which the bytes did not come as they were said to be. */
export const CHANGED_ON_THE_WAY = new Set(['BadDigest', 'XAmzContentSHA256Mismatch', 'IncompleteBody']);
const REDIRECTS = new Set([
  ...['PermanentRedirect', 'TemporaryRedirect', 'Redirect', 'AuthorizationHeaderMalformed'],
  ...['IllegalLocationConstraintException'],
]);

/** The port's error for what the client threw. `action` says what was tried: `write index/ab…`. */
export function s3Failure(error: unknown, action: string, place: FailedPlace): unknown {
  if (error instanceof SuretyError) return error;
  const say = (code: string, problem: string, facts: ErrorFacts = {}): SuretyError =>
    new SuretyError(`store.${code}`, `can not ${action} in ${place.location}: ${problem}`, { cause: error, ...facts });
  const answer = answerOf(error);
  if (answer === undefined) return networkFailure(error, say) ?? clientFailure(error, say);
  return refusal(answer, place, say) ?? say('failed', `the service answered ${shown(answer)}`, otherFacts(answer));
}

/** The service's own code of the failure behind a port error: `NoSuchUpload`. */
export function serviceCode(error: unknown): string {
  const cause = error instanceof SuretyError ? error.cause : error;
  return answerOf(cause)?.name ?? '';
}

/** The HTTP status of the answer behind a port error, 0 when there was none. */
export function serviceStatus(error: unknown): number {
  const cause = error instanceof SuretyError ? error.cause : error;
  return answerOf(cause)?.status ?? 0;
}

type Say = (code: string, problem: string, facts?: ErrorFacts) => SuretyError;

function refusal(answer: Answer, place: FailedPlace, say: Say): SuretyError | undefined {
  const { name, status, message } = answer;
  if (name === 'NoSuchBucket') {
    const hint = 'check the name, or make it with surety init';
    return say('not-found', `there is no bucket ${place.name}`, { hint });
  }
  if (CLOCK.has(name)) return say('clock', ...clockFacts(answer));
  if (EXPIRED.has(name)) return say('credentials', 'the session token has expired', { hint: 'get new credentials' });
  if (CREDENTIALS.has(name)) return say('credentials', ...credentialFacts(answer));
  if (FULL.has(name) || status === 507) {
    const hint = 'raise the quota of the bucket, or run surety cleanup';
    return say('full', 'the quota of the bucket is used up', { hint });
  }
  if (CHANGED_ON_THE_WAY.has(name)) {
    return say('unavailable', 'the bytes did not arrive as they were sent', { retry: 'later' });
  }
  if (REDIRECTS.has(name) || status === 301 || status === 307) return say('failed', ...regionFacts(answer, place));
  if (PASSING.has(name) || status === 429 || (status >= 500 && status !== 501 && status !== 505)) {
    return say('unavailable', `the service answered ${shown(answer)}`, { retry: 'later', details: retryAfter(answer) });
  }
  if (name === 'NoSuchKey' || status === 404) return say('not-found', 'there is no such object');
  if (/WORM|object.?lock|retention|legal hold/i.test(message) && (status === 403 || status === 409)) {
    return say('locked', 'it is locked against deletion', { hint: 'wait until the lock ends' });
  }
  if (DENIED.has(name) || status === 403 || status === 401) {
    const hint = 'give the key the rights that docs/s3.md lists, for this bucket and prefix';
    return say('denied', `access is denied${message === '' ? '' : ` (${oneLine(message)})`}`, { hint });
  }
  return undefined;
}

/** What the client itself could not do. */
function clientFailure(error: unknown, say: Say): SuretyError {
  const message = messageOf(error);
  if (error instanceof Error && /Credentials?ProviderError|TokenProviderError/.test(error.name)) {
    return say('credentials', `there are no credentials (${oneLine(message)})`, {
      hint: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or access_key_id and secret_access_key',
    });
  }
  return say('failed', oneLine(message));
}

function clockFacts({ headers }: Answer): [string, ErrorFacts] {
  const theirs = Date.parse(headers.date ?? '');
  const seconds = Math.round((systemClock.now().getTime() - theirs) / 1000);
  if (Number.isNaN(seconds)) return ['the clocks differ too much', { hint: 'set the clock of this machine' }];
  const [amount, where] = [Math.abs(seconds), seconds > 0 ? 'ahead of' : 'behind'];
  return [
    `this machine's clock is ${shownSeconds(amount)} ${where} the service's`,
    { hint: 'set the clock of this machine, by NTP for instance', details: { differenceSeconds: seconds } },
  ];
}

function shownSeconds(seconds: number): string {
  if (seconds < 120) return `${seconds} seconds`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} minutes` : `${Math.round(seconds / 3600)} hours`;
}

function credentialFacts({ name }: Answer): [string, ErrorFacts] {
  if (name === 'InvalidAccessKeyId') return ['the access key is not known', { hint: 'check access_key_id' }];
  if (name === 'SignatureDoesNotMatch') {
    return ['the secret access key is wrong', { hint: 'check secret_access_key, and the endpoint' }];
  }
  return [`the credentials were refused (${name})`, { hint: 'check the access key, its secret and the session token' }];
}

function regionFacts({ region, message }: Answer, place: FailedPlace): [string, ErrorFacts] {
  if (region === undefined) {
    return [
      `the bucket is at another endpoint (${oneLine(message)})`,
      { hint: 'set region and endpoint of the bucket' },
    ];
  }
  return [`bucket ${place.name} is in region ${region}`, { hint: `set region: ${region}`, details: { region } }];
}

function otherFacts({ name }: Answer): ErrorFacts {
  if (name === 'InvalidObjectState') return { hint: 'the object is in an archive class: restore it there first' };
  return name === '' ? { hint: 'check the endpoint: the answer is not one of S3' } : {};
}

function retryAfter({ headers }: Answer): Record<string, number> {
  const seconds = Number(headers['retry-after']);
  return Number.isFinite(seconds) && seconds > 0 ? { retryAfterSeconds: seconds } : {};
}

function shown({ name, status, message }: Answer): string {
  return [name === '' ? `HTTP status ${status}` : name, oneLine(message)].filter((part) => part !== '').join(': ');
}

/** Undefined unless a service answered. */
function answerOf(error: unknown): Answer | undefined {
  if (!(error instanceof Error) || systemCode(error) === 'ERR_ASSERTION') return undefined;
  const found = error as Error & {
    readonly $metadata?: { readonly httpStatusCode?: number };
    readonly $response?: { readonly headers?: Readonly<Record<string, string>>; readonly statusCode?: number };
    readonly Code?: unknown;
    readonly Region?: unknown;
  };
  const status = found.$metadata?.httpStatusCode ?? found.$response?.statusCode;
  if (status === undefined) return undefined;
  const headers = found.$response?.headers ?? {};
  const given = typeof found.Code === 'string' ? found.Code : error.name;
  const name = /^(\d+|Error|Unknown|UnknownError|NotFound|SyntaxError|TypeError|Forbidden)$/.test(given) ? '' : given;
  const region = headers['x-amz-bucket-region'] ?? (typeof found.Region === 'string' ? found.Region : undefined);
  const message = /^(UnknownError|Unknown|\d+|)$/.test(error.message) || name === '' ? '' : error.message;
  return { name, status, message, headers, region };
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim().replace(/\.$/, '').slice(0, 300);
}
