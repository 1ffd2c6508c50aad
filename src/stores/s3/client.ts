import type http from 'node:http';
import type https from 'node:https';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { variable } from '../../base/environment.ts';
import type { Secret } from '../../base/secret.ts';
import { openConnections } from '../connections.ts';
import type { S3StoreOptions } from './options.ts';

/** Credentials that were written in the configuration; without them the client looks where all programs of AWS do. */
export interface S3Secrets {
  readonly accessKeyId: Secret;
  readonly secretAccessKey: Secret;
  readonly sessionToken?: Secret | undefined;
}

/** Where nothing says a region. */
const ANY_REGION = 'us-east-1';

/** The vendor's client without retries, which are somebody else's business, and without what only AWS understands. */
export function createClient(options: S3StoreOptions, secrets: S3Secrets | undefined): S3Client {
  const { profile } = options;
  const endpoint = endpointOf(options);
  const connections = openConnections(options);
  const shared: S3ClientConfig = {
    ...(profile === undefined ? {} : { profile }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(secrets === undefined ? {} : { credentials: identityOf(secrets) }),
    forcePathStyle: options.pathStyle ?? isForeign(endpoint),
  };
  return new S3Client({
    ...shared,
    region: options.region ?? knownRegion(shared),
    maxAttempts: 1,
    // Others than AWS do not understand its newer checksums; each request is signed with the SHA-256 of its body.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    expectContinueHeader: false,
    // A wrong clock is told and not worked around: times decide what retention removes.
    disableClockSkewCorrection: true,
    requestHandler: {
      httpAgent: connections.agentFor('http://any') as http.Agent,
      httpsAgent: connections.agentFor('https://any') as https.Agent,
      // The connections end themselves when nothing moves.
      socketTimeout: 0,
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

/** Each request asks for the region: it is looked up for the first one. */
function knownRegion(config: S3ClientConfig): () => Promise<string> {
  let found: Promise<string> | undefined;
  return () => {
    found ??= findRegion(config);
    return found;
  };
}

async function findRegion(config: S3ClientConfig): Promise<string> {
  const named = variable('AWS_REGION') ?? variable('AWS_DEFAULT_REGION');
  if (named !== undefined && named !== '') return named;
  const client = new S3Client(config);
  try {
    return await client.config.region();
  } catch {
    return ANY_REGION;
  } finally {
    client.destroy();
  }
}
