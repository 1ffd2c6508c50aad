import * as z from 'zod';
import { type SecretSpec, secretValue } from '../../base/option-values.ts';
import {
  checkedPrefix,
  invalidPlace,
  partSizeValue,
  pathIn,
  prefixValue,
  secretIn,
  type WebOptions,
  webFields,
  webOptions,
  webUrlValue,
  withoutCredentials,
} from '../place-options.ts';

/** Where an Azure store is and how it is reached. */
export interface AzureStoreOptions extends WebOptions {
  readonly container: string;
  /** Without `/` at its ends; '' is the whole container. */
  readonly prefix: string;
  /** The storage account. Default: `AZURE_STORAGE_ACCOUNT`, or that of the connection string. */
  readonly account?: string | undefined;
  /** Of the account's blobs, where it is not `https://ACCOUNT.blob.core.windows.net`. */
  readonly endpoint?: string | undefined;
  readonly connectionString?: SecretSpec | undefined;
  readonly accountKey?: SecretSpec | undefined;
  readonly sasToken?: SecretSpec | undefined;
  /** Access tier of new blobs; default: that of the account. */
  readonly tier?: 'Hot' | 'Cool' | 'Cold' | undefined;
}

const MIN_PART_BYTES = 2 ** 20;

const containerName = z
  .string()
  .regex(/^(\$root|\$web|[a-z0-9](-?[a-z0-9]){2,62})$/, 'must be the name of a container: 3 to 63 of a-z 0-9 -')
  .describe('the container');

const accountName = z
  .string()
  .regex(/^[a-z0-9]{3,24}$/, 'must be the name of a storage account: 3 to 24 of a-z 0-9')
  .describe('the storage account; default: AZURE_STORAGE_ACCOUNT or that of the connection string');

/** What may stand below `azure:` in the object form. */
export const azureSchema = z
  .strictObject({
    container: containerName,
    prefix: prefixValue,
    account: accountName.optional(),
    endpoint: webUrlValue('https://account.blob.core.windows.net')
      .describe('of the blobs of the account, where it is not https://ACCOUNT.blob.core.windows.net')
      .optional(),
    connection_string: secretValue.describe('default: AZURE_STORAGE_CONNECTION_STRING').optional(),
    account_key: secretValue.describe('default: AZURE_STORAGE_KEY').optional(),
    sas_token: secretValue.describe('default: AZURE_STORAGE_SAS_TOKEN').optional(),
    ...webFields,
    part_size: partSizeValue(MIN_PART_BYTES).describe('what is larger is sent in blocks of this size').optional(),
    // What is in the archive tier can be read hours after it was asked for only, so nothing could be verified.
    tier: z.enum(['Hot', 'Cool', 'Cold']).describe('access tier of new blobs; default: that of the account').optional(),
  })
  .superRefine((raw, context) => {
    const given = [raw.connection_string, raw.account_key, raw.sas_token].filter((one) => one !== undefined);
    if (given.length > 1) context.addIssue('connection_string, account_key and sas_token exclude each other');
  })
  .transform(
    (raw): AzureStoreOptions => ({
      container: raw.container,
      prefix: raw.prefix,
      account: raw.account,
      endpoint: raw.endpoint,
      connectionString: raw.connection_string,
      accountKey: raw.account_key,
      sasToken: raw.sas_token,
      ...webOptions(raw),
      tier: raw.tier,
    }),
  );

/** The container and prefix of `azure://container/prefix`. Fails with `store.invalid-url`. */
export function azureOptionsFromUrl(url: string): AzureStoreOptions {
  const match = /^azure:\/\/([^/?#]*)(?:\/([^?#]*))?$/i.exec(url);
  const shown = withoutCredentials(url);
  if (match === null) {
    const hint = 'what has an account or options is written { azure: { container, prefix, account: … } }';
    throw invalidPlace(shown, 'it is not of the form azure://container/prefix', hint);
  }
  const [, container = '', prefix = ''] = match;
  if (container.includes('@')) {
    const hint = 'leave them out: they come from the environment, or from sas_token: { env: NAME }';
    throw invalidPlace(shown, 'account and credentials do not belong into a URL', hint);
  }
  if (!containerName.safeParse(container).success) {
    throw invalidPlace(shown, `"${container}" is not the name of a container`, 'write azure://container/prefix');
  }
  return { container, prefix: checkedPrefix(prefix) };
}

/** The options with relative paths made absolute. */
export function azureOptionsIn(options: AzureStoreOptions, directory: string): AzureStoreOptions {
  return {
    ...options,
    caFile: pathIn(options.caFile, directory),
    connectionString: secretIn(options.connectionString, directory),
    accountKey: secretIn(options.accountKey, directory),
    sasToken: secretIn(options.sasToken, directory),
  };
}

/** For people: `azure://container/prefix`, with the account or the host where it was configured. */
export function shownAzure({ container, prefix, account, endpoint }: AzureStoreOptions): string {
  const place = prefix === '' ? `azure://${container}` : `azure://${container}/${prefix}`;
  const where =
    endpoint === undefined ? account : new URL(endpoint).host + new URL(endpoint).pathname.replace(/\/$/, '');
  return where === undefined ? place : `${place} at ${where}`;
}
