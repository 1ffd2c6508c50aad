/** `archive.json` at the top: which repository it is. */
import { createHash } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { hasCode, SuretyError } from '../../base/errors.ts';
import { randomHex } from '../../base/ids.ts';
import type { Store } from '../../stores/store.ts';
import type { How } from '../engine.ts';
import { SIDECAR_ENDING } from './naming.ts';
import { damaged } from './repository.ts';

export const MARKER_KEY = 'archive.json';
const FORMAT = 'surety-archive';
const VERSION = 1;
const MAX_MARKER_BYTES = 1 << 16;

export interface Marker {
  readonly id: string;
  readonly adopted: boolean;
}

/** Makes the marker, in an empty place or in one with backups of another program. Throws `repository.exists`. */
export async function writeMarker(
  store: Store,
  { program, clock }: { readonly program: string; readonly clock: Clock },
  how: How,
): Promise<void> {
  const marker = { format: FORMAT, version: VERSION, id: randomHex(32), created: clock.now().toISOString(), program };
  try {
    await store.put(MARKER_KEY, Buffer.from(`${JSON.stringify(marker, null, 2)}\n`), { ...how, ifAbsent: true });
  } catch (error) {
    if (!hasCode(error, 'store.exists')) throw error;
    throw new SuretyError('repository.exists', `there is a repository in ${store.traits.location} already`, {
      cause: error,
    });
  }
}

/**
 * Which repository is there. A tree without a marker that has backups is one of another program: its id is made of its place.
 * Throws `repository.missing`, `repository.version` and `repository.damaged`.
 */
export async function readMarker(store: Store, how: How): Promise<Marker> {
  const stored = await store.stat(MARKER_KEY, how);
  if (stored === undefined) return await idOfPlace(store, how);
  if (stored.sizeBytes > MAX_MARKER_BYTES) throw damaged(MARKER_KEY, 'it is too large');
  const text = Buffer.from(await store.read(MARKER_KEY, undefined, how)).toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw damaged(MARKER_KEY, 'it is not JSON', cause);
  }
  const { format, version, id } = (value ?? {}) as Record<string, unknown>;
  if (format !== FORMAT || typeof version !== 'number' || typeof id !== 'string' || !/^[0-9a-f]{64}$/.test(id)) {
    throw damaged(MARKER_KEY, 'it does not name a repository');
  }
  if (version !== VERSION) {
    throw new SuretyError('repository.version', `the repository in ${store.traits.location} has format ${version}`, {
      hint: `this version of Surety knows format ${VERSION}: use a newer one`,
    });
  }
  return { id, adopted: true };
}

async function idOfPlace(store: Store, how: How): Promise<Marker> {
  const { location } = store.traits;
  for await (const { key } of store.list('', how)) {
    if (key.endsWith(SIDECAR_ENDING)) {
      return { id: createHash('sha256').update(`archive ${location}`).digest('hex'), adopted: false };
    }
  }
  throw new SuretyError('repository.missing', `there is no repository in ${location}`, {
    hint: 'run surety init to make one',
  });
}
