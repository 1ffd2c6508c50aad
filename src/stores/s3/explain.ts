import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { SuretyError } from '../../base/errors.ts';
import type { How } from '../store.ts';
import { ask, type Bucket } from './bucket.ts';
import { serviceCode, serviceStatus } from './failure.ts';

/**
 * The answer to a HEAD has no body that says why it was refused. Then a question that is answered with one is asked: a wrong key and a
 * wrong clock are told apart from missing rights.
 */
export async function explained(error: unknown, bucket: Bucket, action: string, how: How): Promise<unknown> {
  const status = serviceStatus(error);
  if (!(error instanceof SuretyError) || serviceCode(error) !== '' || ![301, 307, 400, 401, 403].includes(status)) {
    return error;
  }
  const command = new ListObjectsV2Command({ Bucket: bucket.name, Prefix: bucket.prefix, MaxKeys: 1 });
  try {
    await ask(bucket, action, how, (client, sending) => client.send(command, sending));
    return error;
  } catch (why) {
    return why;
  }
}
