import { posix } from 'node:path';
import { closeHandle, OPEN, openFile, statHandle, syncFile, writeAt } from './requests.ts';
import type { Root } from './root.ts';
import type { Session } from './session.ts';
import type { Unfinished } from './unfinished.ts';
import { hasStatus } from './wire.ts';

/** Makes a file in `tmp/`, makes it durable and takes it away; resolves to the server's time, to the second. */
export async function touchFile(session: Session, root: Root, unfinished: Unfinished): Promise<Date> {
  const path = unfinished.path();
  const open = () => openFile(session, path, OPEN.write | OPEN.create, 0o600);
  try {
    const handle = await open().catch(async (error: unknown) => {
      if (!hasStatus(error, 'noSuchFile')) throw error;
      await root.require(session);
      await root.makeFolder(session, posix.dirname(path));
      return await open();
    });
    const steps = [writeAt(session, handle, 0, Buffer.from('\n')), syncFile(session, handle)] as const;
    const [{ modifiedAt }] = await Promise.all([statHandle(session, handle), ...steps]);
    await closeHandle(session, handle);
    return modifiedAt;
  } finally {
    unfinished.remove(path);
  }
}
