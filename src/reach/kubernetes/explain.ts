/** What a cluster or the line to it means by its refusals, as errors of the reach. */
import { messageOf, SuretyError, systemCode } from '../../base/errors.ts';

/** An answer that is not the one that was hoped for. */
export interface Refused {
  readonly status: number;
  /** The answer's text, or the object it is. */
  readonly body: unknown;
}

const TLS_CODES = /^(UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|CERT_|ERR_TLS_|ERR_SSL_|HOSTNAME_MISMATCH|INVALID_CA|ERR_OSSL_)/;
const LOGIN = 'log in again, or renew the token: `kubectl auth whoami` tells whether the cluster knows it';
const ABSENT =
  '`kubectl get statefulsets,deployments,pods` lists what there is: correct `pod` of the host, or its `namespace` and `context`';
const ROLE = 'give its account that right: docs/kubernetes.md has the role that is needed';

/** The error for an answer; `doing` is what was asked for: `looking for pod db-0`. */
export function refusal(doing: string, where: string, { status, body }: Refused): SuretyError {
  const said = saidIn(body);
  const details = { status };
  if (status === 401) {
    const message = `${where} does not accept the credentials of its kubeconfig`;
    return new SuretyError('reach.denied', message, { hint: LOGIN, details });
  }
  if (status === 403) {
    const why = said === '' ? `${doing} is not allowed by ${where}` : said;
    return new SuretyError('reach.denied', why, { hint: ROLE, details });
  }
  if (status === 404) {
    return new SuretyError('reach.no-pod', `${doing} failed: ${said || 'it is not there'} (${where})`, {
      hint: ABSENT,
      details,
    });
  }
  const message = `${doing} failed: ${where} answered ${status}${said === '' ? '' : `: ${said}`}`;
  if (status === 409 || status === 429 || status >= 500) {
    return new SuretyError('reach.unreachable', message, { retry: 'later', details });
  }
  return new SuretyError('reach.failed', message, { details });
}

/** The error for a request that was not answered at all. */
export function lineFailure(doing: string, where: string, error: unknown): SuretyError {
  if (error instanceof SuretyError) return error;
  const [code, message] = innermost(error);
  if (code !== undefined && TLS_CODES.test(code)) {
    return new SuretyError('reach.unknown-host-key', `the certificate of ${where} is not trusted: ${code}`, {
      hint: 'the kubeconfig must name the authority of that cluster (certificate-authority) and an address that is in the certificate',
      cause: error,
    });
  }
  return new SuretyError('reach.unreachable', `${doing} failed: ${where} can not be reached: ${code ?? message}`, {
    hint: 'look whether `kubectl get pods` works from here',
    retry: 'later',
    cause: error,
  });
}

/** The error for credentials that could not be got: a file, or a program that the kubeconfig names. */
export function noCredentials(where: string, error: unknown): SuretyError {
  // A program's stdout has the token, and a parser quotes what it could not parse; the library takes what was parsed for a credential.
  const isRubbish = error instanceof SyntaxError || error instanceof TypeError;
  const why = isRubbish ? 'what the program printed is no credential' : messageOf(error);
  const lines = withoutCredentials(why).trim().split('\n').slice(-3).join('; ');
  return new SuretyError('reach.denied', `there are no credentials for ${where}: ${lines}`, {
    hint: ALONE,
    ...(isRubbish ? {} : { cause: error }),
  });
}

/** The error for credentials that did not come in time: a program may wait for somebody, or for a network. */
export function lateCredentials(where: string): SuretyError {
  return new SuretyError('reach.unreachable', `the program for credentials of ${where} does not end`, {
    hint: `${ALONE}, and within connect_timeout of the host`,
    retry: 'later',
  });
}

const ALONE = 'the program or file for credentials that the kubeconfig names must work without a terminal';

/** Without tokens that somebody on the way may have quoted; not longer than a message may be. */
export function withoutCredentials(text: string): string {
  return text
    .replaceAll(/\b(Bearer|Basic)\s+[^\s"',]+/gi, '$1 …')
    .replaceAll(/\beyJ[\w-]{8,}\.[\w-]+(\.[\w-]*)?/g, '…')
    .slice(0, 600);
}

/** The message of a `Status` object, or a text that is no page. */
export function saidIn(body: unknown): string {
  if (typeof body === 'string') {
    const parsed = parsedOr(body);
    if (parsed !== undefined) return saidIn(parsed);
    return /^\s*</.test(body) ? '' : withoutCredentials(body.trim().split('\n')[0] ?? '');
  }
  const message = typeof body === 'object' && body !== null && 'message' in body ? body.message : undefined;
  return typeof message === 'string' ? withoutCredentials(message) : '';
}

function parsedOr(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** `fetch` wraps what happened, and several addresses make several causes. */
function innermost(error: unknown): readonly [code: string | undefined, message: string] {
  let at = error;
  for (let depth = 0; depth < 5 && at instanceof Error; depth++) {
    const code = systemCode(at);
    if (code !== undefined && code !== 'UND_ERR') return [code, at.message];
    at = at instanceof AggregateError ? at.errors[0] : (at.cause ?? at);
  }
  return [undefined, withoutCredentials(messageOf(error))];
}
