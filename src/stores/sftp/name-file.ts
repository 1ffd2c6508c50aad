import { posix } from 'node:path';
import { exists } from './list.ts';
import { changeModeOf, EXTENSION, hardLink, lstatPath, removeFile, rename, replace } from './requests.ts';
import type { Root } from './root.ts';
import type { Session } from './session.ts';
import { hasStatus, StatusError } from './wire.ts';

export interface Naming {
  readonly session: Session;
  readonly root: Root;
  /** The finished file in `tmp/`. */
  readonly path: string;
  readonly target: string;
}

/** Whether folders had to be made, so that it took more than one request. */
export interface Named {
  readonly again: boolean;
}

/** Gives a file its name in place of what has it. */
export async function nameFile(naming: Naming): Promise<Named> {
  const { session, path, target } = naming;
  const atomic = session.extensions.has(EXTENSION.posixRename);
  return await withFolders(naming, () =>
    atomic ? replace(session, path, target) : replaceInSteps(session, path, target),
  );
}

/**
 * Gives a file its name unless something has it. A hard link has exactly one winner, on every server that knows them; the plain rename of the
 * protocol has too on OpenSSH, but other servers replace what is there, so that the look before it decides.
 */
export async function nameFileIfAbsent(
  naming: Naming & { readonly again: boolean; onWithoutLinks(): void },
): Promise<'taken' | (Named & { readonly linked: boolean })> {
  const { session, path, target } = naming;
  if (session.extensions.has(EXTENSION.hardLink)) {
    try {
      return { ...(await withFolders(naming, () => hardLink(session, path, target))), linked: true };
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
    }
  }
  if (await exists(session, target)) {
    const mine = naming.again && (await isSameFile(session, path, target));
    return mine ? { again: false, linked: true } : 'taken';
  }
  naming.onWithoutLinks();
  try {
    return { ...(await withFolders(naming, () => rename(session, path, target))), linked: false };
  } catch (error) {
    if (error instanceof StatusError && (await exists(session, target))) return 'taken';
    throw error;
  }
}

/** Folders are made when a name turns out to need them: most are there. */
async function withFolders({ session, root, target }: Naming, name: () => Promise<void>): Promise<Named> {
  try {
    await name();
    return { again: false };
  } catch (error) {
    if (!hasStatus(error, 'noSuchFile')) throw error;
  }
  await root.require(session);
  await root.makeFolder(session, posix.dirname(target));
  await name();
  return { again: true };
}

const REPLACE_ATTEMPTS = 20;

/** For servers that can not replace: what was there is set aside, and put back when the new file can not take its place. */
async function replaceInSteps(session: Session, path: string, target: string): Promise<void> {
  const old = `${path}-old`;
  let aside = false;
  for (let attempt = 1; ; attempt++) {
    try {
      await rename(session, path, target);
      if (aside) await removeFile(session, old);
      return;
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      // Others may be putting the same key.
      const taken = attempt < REPLACE_ATTEMPTS && (await exists(session, target));
      if (!taken && aside) await rename(session, old, target).catch(() => undefined);
      if (!taken) throw error;
      if (aside) await removeFile(session, old);
      aside = await setAside(session, target, old);
    }
  }
}

/** False when it is gone by now. */
async function setAside(session: Session, target: string, old: string): Promise<boolean> {
  try {
    await rename(session, target, old);
    return true;
  } catch (error) {
    if (hasStatus(error, 'noSuchFile')) return false;
    throw error;
  }
}

/** Whether both names are of one file: a lost answer leaves open who made the link. A change of mode shows through both. */
async function isSameFile(session: Session, path: string, target: string): Promise<boolean> {
  for (const mode of [0o600, 0o400]) {
    await changeModeOf(session, path, mode);
    const found = await lstatPath(session, target);
    if (found?.mode === undefined || (found.mode & 0o777) !== mode) return false;
  }
  return true;
}
