/** Repositories in memory for the tests of this engine. */
import { gunzipSync } from 'node:zlib';
import { systemClock } from '../../../base/clock.ts';
import type { Held } from '../../../sources/held.ts';
import type { Entry, RestoredEntry } from '../../../sources/source.ts';
import { openMemoryStore } from '../../../stores/memory/open.ts';
import type { Store } from '../../../stores/store.ts';
import { HOW } from '../../contract-steps.ts';
import type { Engine } from '../../engine.ts';
import { initArchive, type OpenOptions, openArchive } from '../open.ts';
import { archiveOptions, archiveSchema } from '../options.ts';
import type { SidecarDocument } from '../sidecar.ts';

export interface Opened extends AsyncDisposable {
  readonly store: Store;
  readonly engine: Engine;
  keys(prefix?: string): Promise<string[]>;
  text(key: string): Promise<string>;
  sidecar(id: string): Promise<SidecarDocument>;
}

export interface OpenHow {
  readonly options?: Partial<OpenOptions>;
  /** Keys of the configuration. */
  readonly raw?: Readonly<Record<string, unknown>>;
  readonly store?: Store;
  /** False: the tree is as another program left it. */
  readonly init?: boolean;
}

export async function openTestArchive(how: OpenHow = {}): Promise<Opened> {
  const store = how.store ?? openMemoryStore();
  const options: OpenOptions = {
    ...archiveOptions(archiveSchema.parse(how.raw ?? {})),
    ...{ identity: undefined, host: 'here', user: 'tester', program: 'surety test', clock: systemClock },
    ...how.options,
  };
  if (how.init !== false) await initArchive(store, options, HOW);
  const engine = await openArchive(store, options, HOW);
  const text = async (key: string) => Buffer.from(await store.read(key, undefined, HOW)).toString('utf8');
  const keys = async (prefix = '') => {
    const found: string[] = [];
    for await (const { key } of store.list(prefix, HOW)) found.push(key);
    return found.sort();
  };
  return {
    ...{ store, engine, keys, text },
    async sidecar(id) {
      const key = (await keys()).find((one) => one.endsWith(`/${id}_metadata.json`));
      return JSON.parse(await text(key ?? id)) as SidecarDocument;
    },
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

/** A database's reading: one dump, and the directories above it. */
export function dumpOf(path: string, content: string | Uint8Array): Held {
  const parts = path.split('/');
  const dirs = parts
    .slice(0, -1)
    .map((_, at) => entryOf(parts.slice(0, at + 1).join('/'), { type: 'dir', mode: 0o755 }));
  const bytes = Buffer.from(content);
  return {
    entries: [...dirs, entryOf(path, { sizeBytes: bytes.length })],
    contents: new Map([[path, bytes]]),
    facts: { kind: 'postgres', versions: { postgresql: '15.1' }, files: 1, sizeBytes: bytes.length },
  };
}

export function entryOf(path: string, facts: Partial<Entry> = {}): RestoredEntry {
  return {
    ...{ path, type: 'file', mode: 0o640, uid: 7, gid: 8, user: '', group: '' },
    ...{ mtimeNs: 1_700_000_000_123_456_789n, ctimeNs: 0n, sizeBytes: 0, inode: 0n, device: 0n, links: 1 },
    ...facts,
    ...{ xattrs: [], handle: path },
  };
}

export const DUMP =
  '--\n-- PostgreSQL database dump\n--\n\nSELECT 1;\n\n--\n-- PostgreSQL database dump complete\n--\n\n';

export async function unpacked(store: Store, key: string): Promise<string> {
  return gunzipSync(await store.read(key, undefined, HOW)).toString('utf8');
}
