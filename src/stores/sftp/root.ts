import { posix } from 'node:path';
import { SuretyError } from '../../base/errors.ts';
import { isFolder, makeFolder, realPath, statFileSystem, statPath } from './requests.ts';
import type { Session } from './session.ts';
import { hasStatus, StatusError } from './wire.ts';

/** The folder of a store on the server. It tells a missing file from a missing disk. */
export interface Root {
  /** For messages. */
  readonly location: string;
  /** The path of a key on the server; '' is the root itself. */
  at(key: string): string;
  /** Finds out where the root is. To be called for each new connection, before anything else. */
  prepare(session: Session): Promise<void>;
  /** Fails when the folder is missing, or is on another disk than when it was first looked at (its disk was unmounted). */
  require(session: Session): Promise<void>;
  /** Makes the root and what is missing above it. */
  create(session: Session): Promise<void>;
  /** Makes the folders between the root and `folder`. Never makes the root. */
  makeFolder(session: Session, folder: string): Promise<void>;
  /** Whether an answer says that there is nothing at `path`. */
  isAbsence(session: Session, path: string, error: unknown): Promise<boolean>;
}

/** `path` is absolute, or relative to the home folder of the account. */
export function openRoot(path: string, location: string): Root {
  let whole = path;
  let disk: number | undefined;

  async function diskOf(session: Session): Promise<number | undefined> {
    // A file system without a number of its own has 0.
    return (await statFileSystem(session, whole).catch(unlessAnswered))?.id || undefined;
  }

  async function makeAll(session: Session, folder: string, top: string): Promise<void> {
    try {
      await makeFolder(session, folder, 0o700);
    } catch (error) {
      if (hasStatus(error, 'noSuchFile') && folder !== top && folder !== '/') {
        await makeAll(session, posix.dirname(folder), top);
        return await makeAll(session, folder, top);
      }
      // A name that is taken is only called a failure.
      const found = await statPath(session, folder).catch(unlessAnswered);
      if (found === undefined || !isFolder(found)) throw error;
    }
  }

  const root: Root = {
    location,
    at: (key) => (key === '' ? whole : `${whole === '/' ? '' : whole}/${key}`),
    async prepare(session) {
      if (!whole.startsWith('/')) whole = posix.join(await realPath(session, '.'), whole);
      disk ??= await diskOf(session);
    },
    async require(session) {
      const [found, now] = await Promise.all([statPath(session, whole), diskOf(session)]);
      if (found === undefined || !isFolder(found)) throw missing(whole, location);
      disk ??= now;
      if (now === disk) return;
      throw new SuretyError('store.unavailable', `${location} is not on the disk that it was on`, {
        hint: 'its disk was probably unmounted or replaced: mount it on the server and run again',
      });
    },
    async create(session) {
      await makeAll(session, whole, '/');
      disk = await diskOf(session);
    },
    async makeFolder(session, folder) {
      await makeAll(session, folder, posix.dirname(root.at('x')));
    },
    async isAbsence(session, path, error) {
      if (hasStatus(error, 'noSuchFile')) return true;
      if (!hasStatus(error, 'failure')) return false;
      // A file in the place of a folder is only called a failure.
      for (let folder = posix.dirname(path); folder.length > whole.length; folder = posix.dirname(folder)) {
        const found = await statPath(session, folder).catch(unlessAnswered);
        if (found !== undefined) return !isFolder(found);
      }
      return false;
    },
  };
  return root;
}

/** For questions whose answer, if it is a refusal, tells nothing. */
function unlessAnswered(error: unknown): undefined {
  if (!(error instanceof StatusError)) throw error;
}

function missing(path: string, location: string): SuretyError {
  return new SuretyError('store.not-found', `folder ${path} of ${location} does not exist`, {
    hint: 'if it is on another disk, mount it on the server; a new repository is made by surety init',
  });
}
