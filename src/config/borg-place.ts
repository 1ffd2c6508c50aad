/** Where a borg repository is: as a store, or as borg itself writes it. */
import * as z from 'zod';
import { type StoreLocation, storeLocation, storeSchema, type WrittenStore } from './store-location.ts';

/** Kinds of stores that borg can be in. */
const KINDS: readonly StoreLocation['kind'][] = ['file', 'sftp'];

/** One of the two. */
export const borgPlaceShape = {
  store: storeSchema.optional(),
  path: z
    .string()
    .min(1)
    .describe('the same as borg writes it: /backup/borg, ssh://user@host/path or user@host:path')
    .optional(),
};

interface Written {
  readonly store?: WrittenStore | undefined;
  readonly path?: string | undefined;
}

/** The store that was written, whatever kind of repository it is of. */
export function writtenStore({ store, path }: Written): WrittenStore {
  return store ?? storeUrl(path ?? '');
}

export function checkBorgPlace(raw: Written, context: z.RefinementCtx): void {
  if ((raw.store === undefined) === (raw.path === undefined)) {
    const params = { hint: 'write store: file:/backup/borg, or path: ssh://user@host/backup/borg' };
    context.addIssue({ code: 'custom', message: 'a borg repository has either `store` or `path`', params });
    return;
  }
  const path = [raw.store === undefined ? 'path' : 'store'];
  const written = writtenStore(raw);
  if (typeof written !== 'string' && written.kind === 'host') return;
  try {
    if (KINDS.includes(storeLocation(written, '/').kind)) return;
    const params = { hint: 'write file:/some/folder or sftp://user@host/path' };
    context.addIssue({ code: 'custom', path, message: 'borg keeps repositories in folders only', params });
  } catch (error) {
    // Of a store this is said already.
    if (raw.path !== undefined) context.addIssue({ code: 'custom', path, message: (error as Error).message });
  }
}

/** What borg takes for a place on another host, as a URL. */
function storeUrl(path: string): string {
  const url = /^ssh:\/\/([^/]+)\/(.*)$/.exec(path);
  if (url !== null) return `sftp://${url[1]}/${(url[2] ?? '').replace(/^\.\//, '~/')}`;
  const scp = /^([^/:]+):(?!\/\/)(.+)$/.exec(path);
  if (scp !== null && scp[1] !== 'file') return `sftp://${scp[1]}${scp[2]!.startsWith('/') ? scp[2] : `/~/${scp[2]}`}`;
  return path.startsWith('file:') ? path : `file:${path}`;
}
