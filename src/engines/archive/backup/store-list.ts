/** Stores the list of files beside the archive, where it is too long for the sidecar or would tell what is encrypted. */
import type { How } from '../../engine.ts';
import { encrypt } from '../age.ts';
import { baseName, LIST_ENDING } from '../naming.ts';
import type { Repository } from '../repository.ts';
import { compress } from '../through.ts';
import type { FileList } from './file-list.ts';
import type { ReservedName } from './reserve.ts';

/** Returns the name of the file, undefined where there is none to be. */
export async function storeList(
  { store, recipients }: Repository,
  list: FileList,
  name: ReservedName,
  stored: string[],
  { signal }: How,
): Promise<string | undefined> {
  const encrypted = recipients.length > 0;
  if (list.count === 0 || (list.inline !== undefined && !encrypted)) return undefined;
  const key = name.key(`${LIST_ENDING}${encrypted ? '.age' : ''}`);
  stored.push(key);
  const open = () => {
    const compressed = compress(list.lines(), 'gzip', undefined);
    return encrypted ? encrypt(compressed, recipients) : compressed;
  };
  await store.put(key, { open }, { signal, ifAbsent: true });
  return baseName(key);
}
