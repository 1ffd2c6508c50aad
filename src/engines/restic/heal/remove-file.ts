import { hasCode } from '../../../base/errors.ts';
import { type FileKind, keyOf, type Repository } from '../repository.ts';
import type { Healing } from './healing.ts';

/** False where nothing may be removed: then what was healed counts all the same, and what was damaged stays beside it. */
export async function removeFile(
  repository: Repository,
  kind: FileKind,
  id: string,
  { signal, warn }: Pick<Healing, 'signal' | 'warn'>,
): Promise<boolean> {
  try {
    await repository.deleteFile(kind, id, { signal });
    return true;
  } catch (error) {
    if (!hasCode(error, 'store.denied', 'store.locked', 'store.read-only')) throw error;
    const message = `what was found is stored, but what was damaged can not be removed: ${error.message}`;
    warn({ code: 'heal.kept', path: keyOf(kind, id), message });
    return false;
  }
}
