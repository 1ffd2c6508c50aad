import { posix } from 'node:path';
import { SuretyError } from '../../base/errors.ts';
import { alreadyExists } from '../body.ts';
import type { How } from '../store.ts';
import type { Connections } from './connections.ts';
import { exists } from './list.ts';
import { nameFile, nameFileIfAbsent } from './name-file.ts';
import { OUTSTANDING, PIECE_BYTES, pipelined } from './pipeline.ts';
import {
  changeMode,
  changeModeOf,
  closeHandle,
  EXTENSION,
  OPEN,
  openFile,
  statHandle,
  statPath,
  syncFile,
  writeAt,
} from './requests.ts';
import type { Root } from './root.ts';
import type { Session } from './session.ts';
import type { Unfinished } from './unfinished.ts';
import { hasStatus, StatusError } from './wire.ts';

/** What putting needs of a store. */
export interface Place {
  readonly connections: Connections;
  readonly root: Root;
  readonly unfinished: Unfinished;
  /** Told when the server's file system turns out to have no hard links. */
  onWithoutLinks(): void;
  /** The port's error for what went wrong while a key was written. The server is asked how much room is left. */
  explain(error: unknown, key: string, how: How): Promise<unknown>;
}

/** A body on its way: written beside the store's files, over one connection or several, then named. */
export interface Upload {
  /** Makes the file, unless that is done. With `ifAbsent`, a key that is taken is found before anything is sent. */
  open(session: Session): Promise<void>;
  write(session: Session, bytes: Uint8Array, offset: number, signal: AbortSignal): Promise<void>;
  /** Makes what was written durable. */
  sync(session: Session): Promise<void>;
  /** Fails unless so many bytes are there; resolves to the server's time. */
  check(session: Session, sizeBytes: number): Promise<Date>;
  /** Gives the file its name. May be called again after the connection was lost in it. */
  name(session: Session, sizeBytes: number): Promise<void>;
  /** Takes the file away in the background. */
  abandon(): void;
}

export function openUpload(place: Place, key: string, ifAbsent: boolean): Upload {
  const { root, unfinished } = place;
  const path = unfinished.path();
  const target = root.at(key);
  const handles = new Map<Session, Promise<Buffer>>();
  let opening: Promise<unknown> = Promise.resolve();
  let state: 'new' | 'tried' | 'made' = 'new';
  let named = 0;

  /** The file is made by one; the others wait for that. */
  function handleOn(session: Session): Promise<Buffer> {
    const known = handles.get(session);
    if (known !== undefined) return known;
    const opened = opening.then(() => (state === 'made' ? openFile(session, path, OPEN.write) : make(session)));
    opening = opened.catch(() => handles.delete(session));
    handles.set(session, opened);
    return opened;
  }

  async function make(session: Session): Promise<Buffer> {
    // After a lost answer it may be there already.
    const flags = OPEN.write | OPEN.create | (state === 'new' ? OPEN.exclusive : 0);
    state = 'tried';
    const handle = await openFile(session, path, flags, 0o600).catch(async (error: unknown) => {
      if (!hasStatus(error, 'noSuchFile')) throw error;
      await root.require(session);
      await root.makeFolder(session, posix.dirname(path));
      return await openFile(session, path, flags, 0o600);
    });
    state = 'made';
    return handle;
  }

  /** Resolves once all are closed; a connection that was lost has closed its own. */
  async function closeAll(): Promise<void> {
    const all = [...handles].map(async ([session, handle]) => await closeHandle(session, await handle));
    handles.clear();
    await Promise.allSettled(all);
  }

  async function move(session: Session): Promise<{ again: boolean }> {
    const from = { session, root, path, target };
    if (!ifAbsent) return await nameFile(from);
    const outcome = await nameFileIfAbsent({ ...from, again: named > 1, onWithoutLinks: place.onWithoutLinks });
    if (outcome === 'taken') throw alreadyExists(key, root.location);
    if (outcome.linked) unfinished.remove(path);
    return outcome;
  }

  /** What was named must survive a power cut under its name: its own fsync after that commits the name too. */
  async function moveAndSeal(session: Session, handle: Buffer): Promise<void> {
    const seal = () => Promise.all([changeMode(session, handle, 0o400).catch(ifRefused), syncFile(session, handle)]);
    // Both leave at once; servers answer in the order of the requests.
    const moving = move(session);
    const sealing = seal();
    sealing.catch(() => undefined);
    const { again } = await moving;
    await sealing;
    if (again) await seal();
  }

  async function wasNamed(session: Session, sizeBytes: number): Promise<boolean> {
    return named > 0 && (await statPath(session, target))?.sizeBytes === sizeBytes;
  }

  return {
    async open(session) {
      const looked = ifAbsent && state === 'new' ? exists(session, target) : Promise.resolve(false);
      const [taken] = await Promise.all([looked, handleOn(session)]);
      if (taken) throw alreadyExists(key, root.location);
    },
    async write(session, bytes, offset, signal) {
      const handle = await handleOn(session);
      await pipelined(Math.ceil(bytes.length / PIECE_BYTES), OUTSTANDING, signal, (index) => {
        const at = index * PIECE_BYTES;
        return writeAt(session, handle, offset + at, bytes.subarray(at, at + PIECE_BYTES));
      });
    },
    sync: async (session) => await syncFile(session, await handleOn(session)),
    async check(session, sizeBytes) {
      const handle = await handleOn(session);
      const [found] = await Promise.all([statHandle(session, handle), syncFile(session, handle)]);
      if (found.sizeBytes === sizeBytes) return found.modifiedAt;
      const problem = `has ${found.sizeBytes} bytes of ${key} instead of ${sizeBytes}`;
      throw new SuretyError('store.unavailable', `${root.location} ${problem}`, { retry: 'later', details: { key } });
    },
    async name(session, sizeBytes) {
      let handle: Buffer;
      try {
        handle = await handleOn(session);
      } catch (error) {
        if (hasStatus(error, 'noSuchFile') && (await wasNamed(session, sizeBytes))) return;
        throw error;
      }
      named += 1;
      if (session.extensions.has(EXTENSION.fsync)) {
        await moveAndSeal(session, handle);
        void closeAll();
      } else {
        await closeAll();
        await changeModeOf(session, path, 0o400).catch(ifRefused);
        await move(session);
      }
    },
    abandon() {
      void closeAll();
      if (state !== 'new') unfinished.remove(path);
    },
  };
}

/** Stored bodies never change. Some servers and file systems know no modes; that does not matter. */
function ifRefused(error: unknown): void {
  if (!(error instanceof StatusError)) throw error;
}
