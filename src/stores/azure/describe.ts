import { hasCode, SuretyError } from '../../base/errors.ts';
import type { How, StoreFacts } from '../store.ts';
import { ask, askNow, type Container, type Sending } from './container.ts';

/** What container and account say about themselves. What may not be asked or is not known there is undefined. */
export async function describeContainer(container: Container, how: How): Promise<StoreFacts> {
  const { client, service } = container;
  const found = await propertiesOf(container, how);
  const [settings, account, versions] = await Promise.all([
    said(container, how, (sending) => service.getProperties(sending)),
    said(container, how, (sending) => client.getAccountInfo(sending)),
    said(container, how, (sending) => newestVersion(container, sending)),
  ]);
  const deleted = settings?.deleteRetentionPolicy;
  const details: Record<string, string | undefined> = {
    account: client.accountName,
    endpoint: container.access.endpoint,
    credentials: container.access.way,
    'credentials end': container.access.endsAt?.toISOString(),
    redundancy: account?.skuName,
    'kind of account': account?.accountKind,
    public: found?.blobPublicAccess === undefined ? undefined : `yes, for each ${found.blobPublicAccess}`,
    'immutability policy': found?.hasImmutabilityPolicy === true ? 'yes, of the container' : undefined,
    'legal hold': found?.hasLegalHold === true ? 'yes' : undefined,
  };
  return {
    versioning: versions,
    softDeleteDays: deleted?.enabled === true ? deleted.days : deleted === undefined ? undefined : 0,
    objectLock: found?.isImmutableStorageWithVersioningEnabled === true ? 'on' : undefined,
    defaultRetention: found?.hasImmutabilityPolicy === true ? 'the immutability policy of the container' : undefined,
    details: Object.fromEntries(
      Object.entries(details).filter((pair): pair is [string, string] => pair[1] !== undefined),
    ),
  };
}

/** Of the container; undefined where the credentials may not ask for them. */
async function propertiesOf(container: Container, how: How) {
  try {
    return await ask(container, 'ask for the container', how, (sending) => container.client.getProperties(sending));
  } catch (error) {
    if (hasCode(error, 'store.denied')) return undefined;
    throw error;
  }
}

/** The service's clock, to the second. A refusal has it too. */
export async function serverTime(container: Container, how: How): Promise<Date> {
  const time = await ask(container, 'ask for the time', how, async (sending) => {
    try {
      return (await container.client.getProperties(sending)).date;
    } catch (error) {
      const { response } = error as { readonly response?: { readonly headers?: { get(name: string): string } } };
      const said = response?.headers?.get('date');
      if (said === undefined) throw error;
      return new Date(said);
    }
  });
  if (time !== undefined && !Number.isNaN(time.getTime())) return time;
  throw new SuretyError('store.failed', `${container.location} does not say what time it is`);
}

/** Each blob has a version where the account keeps them. Without any blob, nobody can tell. */
async function newestVersion(container: Container, sending: Sending): Promise<'on' | undefined> {
  const listed = container.client.listBlobsFlat({ ...sending, prefix: container.prefix, includeVersions: true });
  for await (const { segment } of listed.byPage({ maxPageSize: 1 })) {
    return segment.blobItems.some(({ versionId }) => (versionId ?? '') !== '') ? 'on' : undefined;
  }
  return undefined;
}

/** An answer, or undefined for a refusal. What may pass throws. */
async function said<T>(container: Container, how: How, send: (sending: Sending) => Promise<T>): Promise<T | undefined> {
  try {
    return await askNow(container, 'ask about the account', how, send);
  } catch (error) {
    if (!(error instanceof SuretyError) || error.retry === 'later') throw error;
    return undefined;
  }
}
