import { posix } from 'node:path';
import { RESERVED_PART } from '../key.ts';
import { ABANDONED_AFTER_MS, makerOf, unfinishedName } from '../unfinished-name.ts';
import type { Connections } from './connections.ts';
import { namesOrGone } from './list.ts';
import { removeFile } from './requests.ts';
import type { Root } from './root.ts';
import type { Session } from './session.ts';
import { hasStatus } from './wire.ts';

/** The files in `tmp/` of a store: those under way from here, and those that somebody left. */
export interface Unfinished {
  /** A fresh path. */
  path(): string;
  /** Takes a path away in the background, now or after the connection is back. */
  remove(path: string): void;
  /** Once: removes what others left. `now` is the server's time, which files are compared with. */
  removeAbandoned(now: Date): void;
  /** Waits for what is under way. */
  settle(): Promise<void>;
}

const NEVER = new AbortController().signal;

export function openUnfinished(connections: Connections, root: Root): Unfinished {
  const folder = (): string => root.at(RESERVED_PART);
  const left = new Set<string>();
  let looked = false;
  let working: Promise<void> = Promise.resolve();

  /** One after another; what fails is left to the next time, or to the next who opens the store. */
  function later(work: (session: Session) => Promise<void>): void {
    working = working.then(() => connections.use(NEVER, work)).catch(() => undefined);
  }

  async function removeLeft(session: Session): Promise<void> {
    await Promise.all([...left].map((path) => removeOne(session, path)));
  }

  async function removeOne(session: Session, path: string): Promise<void> {
    try {
      await removeFile(session, path);
    } catch (error) {
      if (!hasStatus(error, 'noSuchFile')) throw error;
    }
    left.delete(path);
  }

  return {
    path: () => posix.join(folder(), unfinishedName()),
    remove(path) {
      left.add(path);
      later(removeLeft);
    },
    removeAbandoned(now) {
      if (left.size > 0) later(removeLeft);
      if (looked) return;
      looked = true;
      later(async (session) => {
        const found = await namesOrGone(session, root, folder());
        const abandoned = found.filter(({ name, attributes }) => {
          const maker = makerOf(name);
          return maker === 'ended' || (maker === 'unknown' && isOld(attributes.modifiedAt, now));
        });
        await Promise.allSettled(abandoned.map(({ name }) => removeFile(session, posix.join(folder(), name))));
      });
    },
    settle: () => working,
  };
}

function isOld(modifiedAt: Date, now: Date): boolean {
  return now.getTime() - modifiedAt.getTime() > ABANDONED_AFTER_MS;
}
