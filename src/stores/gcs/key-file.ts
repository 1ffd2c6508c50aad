import { readFile } from 'node:fs/promises';
import {
  type AuthClient,
  AwsClient,
  type AwsClientOptions,
  IdentityPoolClient,
  type IdentityPoolClientOptions,
  JWT,
  PluggableAuthClient,
  type PluggableAuthClientOptions,
  UserRefreshClient,
} from 'google-auth-library';
import { SuretyError } from '../../base/errors.ts';

/** What all of them get: scopes, and how the service for tokens is reached. */
export interface ClientHow {
  readonly scopes: string[];
  readonly transporterOptions: object;
}

interface KeyFile {
  readonly type?: string;
  readonly project_id?: string;
  readonly client_email?: string;
  readonly private_key?: string;
  readonly private_key_id?: string;
  readonly client_id?: string;
  readonly client_secret?: string;
  readonly refresh_token?: string;
  readonly credential_source?: { readonly environment_id?: string; readonly executable?: object };
}

export interface KeyClient {
  readonly client: AuthClient;
  readonly projectId: string | undefined;
}

/** Throws `store.credentials` when the file can not be read, or is not a credentials file. */
export async function readKeyFile(path: string, how: ClientHow): Promise<KeyClient> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new SuretyError('store.credentials', `the credentials file ${path} can not be read`, {
      hint: 'check the path in key_file, and who may read it',
      cause: error,
    });
  });
  return clientOf(text, how);
}

/** The client for a service account, a login of `gcloud`, or an identity of another cloud. */
export function clientOf(text: string, how: ClientHow): KeyClient {
  const found = parsed(text);
  const projectId = found.project_id;
  switch (found.type) {
    case 'service_account': {
      const { client_email: email, private_key: key, private_key_id: keyId } = found;
      if (email === undefined || key === undefined) throw notOne('client_email or private_key is missing');
      return { client: new JWT({ ...how, email, key, ...(keyId === undefined ? {} : { keyId }) }), projectId };
    }
    case 'authorized_user': {
      const { client_id: clientId, client_secret: clientSecret, refresh_token: refreshToken } = found;
      if (!clientId || !clientSecret || !refreshToken) throw notOne('its refresh_token or client is missing');
      return { client: new UserRefreshClient({ ...how, clientId, clientSecret, refreshToken }), projectId };
    }
    case 'external_account':
      return { client: foreign(found, how), projectId };
    default:
      throw notOne(`its type is ${found.type ?? 'missing'}`);
  }
}

function foreign(found: KeyFile, how: ClientHow): AuthClient {
  const options: unknown = { ...found, ...how };
  if (found.credential_source?.environment_id !== undefined) return new AwsClient(options as AwsClientOptions);
  if (found.credential_source?.executable !== undefined) {
    return new PluggableAuthClient(options as PluggableAuthClientOptions);
  }
  return new IdentityPoolClient(options as IdentityPoolClientOptions);
}

function parsed(text: string): KeyFile {
  try {
    const found: unknown = JSON.parse(text);
    if (typeof found === 'object' && found !== null) return found;
  } catch {
    // Its message would have a part of the secret in it.
  }
  throw notOne('it is not JSON');
}

function notOne(problem: string): SuretyError {
  return new SuretyError('store.credentials', `the credentials for Google Cloud can not be used: ${problem}`, {
    hint: 'use a key file of a service account, of a workload identity, or application_default_credentials.json',
  });
}
