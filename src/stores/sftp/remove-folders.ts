import { namesOrGone } from './list.ts';
import { isFolder, removeFolder } from './requests.ts';
import type { Root } from './root.ts';
import type { Session } from './session.ts';
import { StatusError } from './wire.ts';

/** Removes the folder and what is below it as far as there are no files in it. A store keeps no folders; they only take names. */
export async function removeEmptyFolders(session: Session, root: Root, path: string): Promise<void> {
  try {
    for (const { name, attributes } of await namesOrGone(session, root, path)) {
      const isBelow = name !== '.' && name !== '..' && isFolder(attributes);
      if (isBelow) await removeEmptyFolders(session, root, `${path}/${name}`);
    }
    await removeFolder(session, path);
  } catch (error) {
    // It has files in it, is gone, or is not ours.
    if (!(error instanceof StatusError)) throw error;
  }
}
