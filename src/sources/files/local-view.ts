import type { BigIntStats } from 'node:fs';
import type { Owners } from '../../base/owners.ts';
import { isCache } from './cache-tag.ts';
import { lookAtRoot, lookOrThrow } from './check.ts';
import { look, makeEntry, readNames, typeOf } from './entry.ts';
import type { View } from './view.ts';

/** The files of this machine. `source` is for messages. */
export function localView(source: string, owners: Owners): View<BigIntStats> {
  const lookAt = (_name: string, path: string): BigIntStats | undefined => look(path);
  return {
    follow: (path, root) => (root === undefined ? lookOrThrow(source, path) : lookAtRoot(source, root)),
    open: (path) => ({ names: readNames(path), look: lookAt }),
    type: typeOf,
    sizeBytes: ({ size }) => Number(size),
    device: ({ dev }) => dev,
    entry: (entryPath, path, stats) => makeEntry(entryPath, path, stats, owners),
    isCache: (path) => isCache(path),
  };
}
