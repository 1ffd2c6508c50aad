import { systemClock } from '../../base/clock.ts';
import { type ErrorFacts, messageOf, SuretyError } from '../../base/errors.ts';
import { networkFailure, type Say } from '../network-failure.ts';

/** What a failure is about. */
export interface FailedPlace {
  readonly name: string;
  readonly location: string;
}

interface Answer {
  /** The service's code such as `BlobNotFound`; '' when the answer had none. */
  readonly name: string;
  readonly status: number;
  readonly message: string;
  readonly date: string;
  readonly retryAfter: string;
}

const PASSING = new Set([
  ...['ServerBusy', 'InternalError', 'OperationTimedOut', 'AccountBeingCreated', 'ContainerBeingDeleted'],
  ...['ContainerBeingDisabled', 'PendingCopyOperation'],
]);
/** The bytes did not arrive as they were sent. */
const CHANGED_ON_THE_WAY = new Set(['Md5Mismatch', 'Crc64Mismatch', 'InvalidMd5', 'IncompleteBody']);
const LOCKED = new Set([
  ...['BlobImmutableDueToPolicy', 'BlobImmutableDueToLegalHold', 'ContainerImmutableStorageWithVersioningEnabled'],
  ...['LeaseIdMissing', 'LeaseIdMismatchWithBlobOperation', 'BlobImmutabilityPolicyModeNotAllowed'],
]);
const INVALID_KEY = new Set(['InvalidResourceName', 'InvalidUri', 'OutOfRangeInput', 'ResourceNameMismatch']);
const CREDENTIALS = new Set([
  ...['AuthenticationFailed', 'InvalidAuthenticationInfo', 'NoAuthenticationInformation', 'AccountIsDisabled'],
  ...['KeyBasedAuthenticationNotPermitted', 'MissingRequiredHeader'],
]);

/** The port's error for what the client threw. `action` says what was tried: `write index/ab…`. */
export function azureFailure(error: unknown, action: string, place: FailedPlace): unknown {
  if (error instanceof SuretyError) return error;
  const say: Say = (code, problem, facts = {}) =>
    new SuretyError(`store.${code}`, `can not ${action} in ${place.location}: ${problem}`, { cause: error, ...facts });
  if (isLoginFailure(error)) return loginFailure(error, say);
  const answer = answerOf(error);
  if (answer === undefined) return networkFailure(error, say) ?? clientFailure(error, say);
  return (
    passing(answer, say) ??
    refusal(answer, place, say) ??
    say('failed', `the service answered ${shown(answer)}`, {
      ...(answer.name === '' ? { hint: 'check the endpoint: the answer is not one of Azure' } : {}),
    })
  );
}

/** The service's own code of the failure behind a port error: `BlobNotFound`. */
export function serviceCode(error: unknown): string {
  return answerOf(error instanceof SuretyError ? error.cause : error)?.name ?? '';
}

/** The HTTP status of the answer behind a port error, 0 when there was none. */
export function serviceStatus(error: unknown): number {
  return answerOf(error instanceof SuretyError ? error.cause : error)?.status ?? 0;
}

function passing(answer: Answer, say: Say): SuretyError | undefined {
  const { name, status } = answer;
  if (CHANGED_ON_THE_WAY.has(name) || /(content)?(md5|crc64)[^.]*(match|mismatch)/i.test(answer.message)) {
    return say('unavailable', 'the bytes did not arrive as they were sent', { retry: 'later' });
  }
  const server = status >= 500 && status !== 501 && status !== 505 && status !== 507;
  if (!PASSING.has(name) && status !== 429 && status !== 408 && !server) return undefined;
  const seconds = Number(answer.retryAfter);
  const details = Number.isFinite(seconds) && seconds > 0 ? { retryAfterSeconds: seconds } : {};
  return say('unavailable', `the service answered ${shown(answer)}`, { retry: 'later', details });
}

function refusal(answer: Answer, place: FailedPlace, say: Say): SuretyError | undefined {
  const { name, status } = answer;
  if (name === 'ContainerNotFound') {
    const hint = 'check the name, or make it with surety init';
    return say('not-found', `there is no container ${place.name}`, { hint });
  }
  if (LOCKED.has(name)) {
    const hint = 'wait until the policy, legal hold or lease ends';
    return say('locked', `it is kept from being changed (${name})`, { hint });
  }
  if (INVALID_KEY.has(name)) return say('invalid-key', `the service takes no blob of this name (${name})`);
  if (name === 'BlobArchived' || name === 'BlobBeingRehydrated') {
    return say('failed', 'the blob is in the archive tier', { hint: 'move it to the hot tier and wait until it is' });
  }
  if (status === 507 || /quota|capacity limit/i.test(answer.message)) {
    return say('full', 'the account is full', { hint: 'raise its capacity, or run surety cleanup' });
  }
  const isStranger = CREDENTIALS.has(name) || /failed to authenticate/i.test(answer.message);
  if (isStranger || status === 401) return credentialFailure(answer, say);
  if (status === 403) {
    const hint = 'give it the rights that docs/azure.md lists, for this container';
    return say('denied', `access is denied (${shown(answer)})`, { hint });
  }
  if (status === 404) return say('not-found', 'there is no such blob');
  return undefined;
}

function credentialFailure(answer: Answer, say: Say): SuretyError {
  const { message } = answer;
  const skewed = /not valid in the specified time frame/i.test(message) ? undefined : skewSeconds(answer);
  if (/date header/i.test(message) || (skewed !== undefined && Math.abs(skewed) > 15 * 60)) {
    const facts: ErrorFacts = { hint: 'set the clock of this machine, by NTP for instance' };
    return say('clock', `this machine's clock differs from the service's${skewText(skewed)}`, facts);
  }
  if (/time frame|expired/i.test(message)) {
    return say('credentials', 'the token has expired or is not valid yet', { hint: 'make a new SAS token' });
  }
  return say('credentials', `the credentials were refused (${shown(answer)})`, {
    hint: 'check the account, its key, the connection string or the SAS token',
  });
}

function skewSeconds({ date }: Answer): number | undefined {
  const theirs = Date.parse(date);
  return Number.isNaN(theirs) ? undefined : Math.round((systemClock.now().getTime() - theirs) / 1000);
}

function skewText(seconds: number | undefined): string {
  if (seconds === undefined || seconds === 0) return '';
  return ` by ${Math.round(Math.abs(seconds) / 60)} minutes`;
}

/** Whether no token was given: by the library for identities, before the service was asked. */
function isLoginFailure(error: unknown): error is Error & { readonly statusCode?: number } {
  return error instanceof Error && /Credential|Authentication|AuthError/.test(error.name);
}

function loginFailure(error: Error & { readonly statusCode?: number }, say: Say): SuretyError {
  const { statusCode = 0 } = error;
  if (statusCode === 429 || statusCode >= 500) {
    return say('unavailable', `the service for tokens answered HTTP status ${statusCode}`, { retry: 'later' });
  }
  return say('credentials', `there are no credentials (${oneLine(error.message)})`, {
    hint: 'set AZURE_STORAGE_CONNECTION_STRING, connection_string, account_key or sas_token, or a managed identity',
  });
}

/** What the client itself could not do. */
function clientFailure(error: unknown, say: Say): SuretyError {
  const message = oneLine(messageOf(error));
  // The client says so when an answer ends before its announced length.
  if (/received less data than required|error reading response|operation was aborted/i.test(message)) {
    return say('unavailable', 'the answer broke off', { retry: 'later' });
  }
  return say('failed', message);
}

function shown({ name, status, message }: Answer): string {
  return [name === '' ? `HTTP status ${status}` : name, oneLine(message)].filter((part) => part !== '').join(': ');
}

/** Undefined unless a service answered. */
function answerOf(error: unknown): Answer | undefined {
  if (!(error instanceof Error)) return undefined;
  const { statusCode, code, response, details } = error as Error & {
    readonly statusCode?: number;
    readonly code?: unknown;
    readonly details?: { readonly errorCode?: unknown; readonly authenticationErrorDetail?: unknown };
    readonly response?: { readonly headers?: { get(name: string): string | undefined } };
  };
  if (statusCode === undefined) return undefined;
  const header = (name: string) => response?.headers?.get(name) ?? '';
  const given = [details?.errorCode, header('x-ms-error-code'), code].find(
    (one): one is string => typeof one === 'string' && one !== '' && !/^(REQUEST_SEND_ERROR|PARSE_ERROR)$/.test(one),
  );
  const detail = details?.authenticationErrorDetail;
  const message = `${firstLine(error.message)}${typeof detail === 'string' ? ` (${detail})` : ''}`;
  return {
    ...{ name: given ?? '', status: statusCode, message: given === undefined ? '' : message },
    ...{ date: header('date'), retryAfter: header('retry-after') },
  };
}

/** The others are the request's id and time, or the whole answer again. */
function firstLine(text: string): string {
  return (text.split('\n')[0] ?? '').replace(/RequestId:.*$/, '');
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim().replace(/\.$/, '').slice(0, 300);
}
