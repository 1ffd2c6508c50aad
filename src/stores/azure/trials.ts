import { hasCode } from '../../base/errors.ts';
import type { StoreTrials } from '../store.ts';
import type { Container } from './container.ts';
import { deleteBlob } from './delete.ts';
import { serviceStatus } from './failure.ts';
import { md5Of, putBytes } from './put-bytes.ts';

/** What a container does when it is tried, whatever it says of itself. */
export function containerTrials(container: Container): StoreTrials {
  return {
    async refusesDamaged(key, how) {
      try {
        await putBytes(container, key, Buffer.from('these bytes'), how, md5Of(Buffer.from('other bytes')));
      } catch (error) {
        if (hasCode(error, 'store.unavailable') && serviceStatus(error) === 400) return true;
        throw error;
      }
      await deleteBlob(container, key, how);
      return false;
    },
  };
}
