import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { variable, variables } from '../../base/environment.ts';
import { messageOf, SuretyError } from '../../base/errors.ts';
import type { Secret } from '../../base/secret.ts';
import type { S3StoreOptions } from './options.ts';

/** Credentials that were written in the configuration; without them the client looks where all programs of AWS do. */
export interface S3Secrets {
  readonly accessKeyId: Secret;
  readonly secretAccessKey: Secret;
  readonly sessionToken?: Secret | undefined;
}

const CONNECT_TIMEOUT_MS = 15_000;
const IDLE_TIMEOUT_MS = 60_000;
/** Where nothing says a region. */
const ANY_REGION = 'us-east-1';

/** The vendor's client without retries, which are somebody else's business, and without what only AWS understands. */
export function createClient(options: S3StoreOptions, secrets: S3Secrets | undefined): S3Client {
  const { profile } = options;
  const endpoint = endpointOf(options);
  const shared: S3ClientConfig = {
    ...(profile === undefined ? {} : { profile }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(secrets === undefined ? {} : { credentials: identityOf(secrets) }),
    forcePathStyle: options.pathStyle ?? isForeign(endpoint),
  };
  return new S3Client({
    ...shared,
    region: options.region ?? (() => knownRegion(shared)),
    maxAttempts: 1,
    // Others than AWS do not understand its newer checksums; each request is signed with the SHA-256 of its body.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    expectContinueHeader: false,
    // A wrong clock is told and not worked around: times decide what retention removes.
    disableClockSkewCorrection: true,
    requestHandler: {
      ...agents(options),
      connectionTimeout: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
      socketTimeout: options.idleTimeoutMs ?? IDLE_TIMEOUT_MS,
      logger: SILENT,
    },
    logger: SILENT,
  });
}

const SILENT = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

/** The endpoint that was configured, here or in the variables that programs of AWS share. */
export function endpointOf(options: S3StoreOptions): string | undefined {
  const found = options.endpoint ?? variable('AWS_ENDPOINT_URL_S3') ?? variable('AWS_ENDPOINT_URL');
  return found === '' ? undefined : found;
}

function isForeign(endpoint: string | undefined): boolean {
  return endpoint !== undefined && !/\.amazonaws\.com(\.cn)?$/.test(new URL(endpoint).hostname);
}

function identityOf({ accessKeyId, secretAccessKey, sessionToken }: S3Secrets) {
  return {
    accessKeyId: accessKeyId.reveal(),
    secretAccessKey: secretAccessKey.reveal(),
    ...(sessionToken === undefined ? {} : { sessionToken: sessionToken.reveal() }),
  };
}

async function knownRegion(config: S3ClientConfig): Promise<string> {
  const named = variable('AWS_REGION') ?? variable('AWS_DEFAULT_REGION');
  if (named !== undefined && named !== '') return named;
  try {
    return await new S3Client(config).config.region();
  } catch {
    return ANY_REGION;
  }
}

/** Connections are kept for the next request. How many there are is limited by who asks. */
function agents(options: S3StoreOptions): { readonly httpAgent: http.Agent; readonly httpsAgent: https.Agent } {
  const kept: http.AgentOptions = {
    keepAlive: true,
    maxFreeSockets: 256,
    scheduling: 'lifo',
    proxyEnv: proxies(options.proxy),
  };
  const secureContext = trusted(options.caFile);
  return {
    httpAgent: new http.Agent(kept),
    httpsAgent: new https.Agent({ ...kept, ...(secureContext === undefined ? {} : { secureContext }) }),
  };
}

function proxies(proxy: string | undefined): Record<string, string> {
  return proxy === undefined ? variables() : { HTTP_PROXY: proxy, HTTPS_PROXY: proxy };
}

/** The usual certificates and those of the file, read once and not for each connection. */
function trusted(caFile: string | undefined): SecureContext | undefined {
  if (caFile === undefined) return undefined;
  try {
    return createSecureContext({ ca: [...getCACertificates('default'), readFileSync(caFile, 'utf8')] });
  } catch (error) {
    throw new SuretyError('store.untrusted', `the certificates in ${caFile} can not be used: ${messageOf(error)}`, {
      hint: 'ca_file names a readable file with certificates in PEM form',
      cause: error,
    });
  }
}
