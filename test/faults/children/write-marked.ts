/** Replaces a marked set of bodies by another: new bodies, then the marker, then the old bodies go. */
import { openLocalStore } from '../../../src/stores/local/open.ts';
import type { CrashWork } from '../crash.ts';

const how = { signal: new AbortController().signal };

const work: CrashWork<{
  readonly path: string;
  readonly old: readonly string[];
  readonly new: readonly string[];
}> = async (input, wrap) => {
  await using store = wrap(await openLocalStore({ path: input.path, create: true }));
  for (const key of input.new) await store.put(key, Buffer.from(`body of ${key}`), how);
  await store.put('marker', Buffer.from(JSON.stringify(input.new)), how);
  for (const key of input.old) await store.delete(key, how);
};

export default work;
