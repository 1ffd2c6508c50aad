import { GoogleAuth } from 'google-auth-library';
import { messageOf, SuretyError } from '../../base/errors.ts';
import type { Secret } from '../../base/secret.ts';
import type { Connections } from '../connections.ts';
import { networkFailure, type Say } from '../network-failure.ts';
import type { How } from '../store.ts';
import { clientOf, readKeyFile } from './key-file.ts';
import type { GcsStoreOptions } from './options.ts';

/** Who asks. */
export interface GcsAccess {
  /** What each request has in its `Authorization` header. Secret. */
  header(how: How): Promise<string>;
  /** Of the configuration, or of the credentials. */
  projectId(how: How): Promise<string>;
}

const SCOPE = 'https://www.googleapis.com/auth/devstorage.full_control';

/**
 * What the configuration says; else what all programs of Google's use: `GOOGLE_APPLICATION_CREDENTIALS`, the login of `gcloud`, the
 * service account of the machine or pod. Nothing is asked for before it is needed.
 */
export function openAccess(
  options: GcsStoreOptions,
  credentials: Secret | undefined,
  { agentFor }: Connections,
): GcsAccess {
  // Tokens come over the same connections as all else: certificates, proxy and time-outs are those of the store.
  const how = { scopes: [SCOPE], transporterOptions: { agent: (url: URL) => agentFor(url) } };
  const given = credentials && clientOf(credentials.reveal(), how);
  let opening: Promise<GoogleAuth> | undefined;

  async function open(): Promise<GoogleAuth> {
    const found = given ?? (options.keyFile === undefined ? undefined : await readKeyFile(options.keyFile, how));
    const projectId = options.projectId ?? found?.projectId;
    return new GoogleAuth({
      ...(found === undefined ? { scopes: how.scopes, clientOptions: how as never } : { authClient: found.client }),
      ...(projectId === undefined ? {} : { projectId }),
    });
  }

  const ask = <T>(how: How, question: (auth: GoogleAuth) => Promise<T>): Promise<T> =>
    asked(options.bucket, how, async () => {
      opening ??= open().catch((error: unknown) => {
        opening = undefined;
        throw error;
      });
      return await question(await opening);
    });
  return {
    header: (how) =>
      ask(how, async (auth) => {
        const header = (await auth.getRequestHeaders()).get('authorization');
        if (header !== null) return header;
        throw new Error('they give no token');
      }),
    projectId: (how) => ask(how, (auth) => auth.getProjectId()),
  };
}

/** The library can not be ended in the middle: what it is still at is left alone. */
async function asked<T>(place: string, how: How, ask: () => Promise<T>): Promise<T> {
  how.signal.throwIfAborted();
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const end = () => reject(how.signal.reason);
  how.signal.addEventListener('abort', end, { once: true });
  try {
    return await Promise.race([ask(), ended]);
  } catch (error) {
    if (how.signal.aborted) throw how.signal.reason;
    throw accessFailure(error, place);
  } finally {
    how.signal.removeEventListener('abort', end);
  }
}

function accessFailure(error: unknown, place: string): SuretyError {
  if (error instanceof SuretyError) return error;
  const say: Say = (code, problem, facts = {}) =>
    new SuretyError(`store.${code}`, `can not log in for gs://${place}: ${problem}`, { cause: error, ...facts });
  const { status } = (error as { readonly response?: { readonly status?: number } }).response ?? {};
  const message = messageOf(error).replace(/\s+/g, ' ').slice(0, 300);
  if (status === undefined) {
    const failure = networkFailure(error, say);
    if (failure !== undefined) return failure;
  }
  if (status !== undefined && (status >= 500 || status === 429)) {
    return say('unavailable', `the service for tokens answered HTTP status ${status}`, { retry: 'later' });
  }
  if (/iat|short-lived|reasonable timeframe/i.test(message)) {
    return say('clock', "this machine's clock differs from the service's", { hint: 'set the clock of this machine' });
  }
  const isMissing = /does not exist|no such file/i.test(message);
  return say('credentials', message, {
    hint: isMissing
      ? 'check the path in GOOGLE_APPLICATION_CREDENTIALS'
      : 'set GOOGLE_APPLICATION_CREDENTIALS or key_file to a credentials file, or log in with gcloud',
  });
}
