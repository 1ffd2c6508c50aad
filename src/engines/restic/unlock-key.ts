/** From a password to the master key and back: key files of a store. */
import type { Clock } from '../../base/clock.ts';
import { hasCode, messageOf, SuretyError } from '../../base/errors.ts';
import { randomBytes } from '../../base/ids.ts';
import type { Store } from '../../stores/store.ts';
import type { How } from '../engine.ts';
import { deriveKey } from './derive-key.ts';
import { damaged } from './format/damaged.ts';
import {
  decodeKey,
  decodeMasterKey,
  encodeKey,
  encodeMasterKey,
  type KeyDocument,
  SALT_BYTES,
  type ScryptCost,
} from './format/key.ts';
import { dateToNs } from './format/time.ts';
import type { KeyMemory, RememberedKey } from './key-memory.ts';
import { type Identity, keyOf, listFiles, readChecked } from './repository.ts';
import { createSealer, type MasterKey } from './seal.ts';
import { sha256Hex } from './sha256.ts';

export interface UnlockedKey {
  readonly id: string;
  readonly masterKey: MasterKey;
}

export interface UnlockHow extends How {
  /** Called while a key is made from the password: other threads do that, and it takes a while. */
  readonly deriving?: (() => void) | undefined;
  readonly keyMemory?: KeyMemory | undefined;
}

/**
 * Tries the password on the key that is remembered, then on every key of the store. Throws `repository.wrong-password` when it fits none.
 */
export async function unlockKey(store: Store, password: string, how: UnlockHow): Promise<UnlockedKey> {
  const remembered = how.keyMemory?.known;
  const known = remembered === undefined ? 'not there' : await tryRemembered(store, remembered, how);
  if (typeof known === 'object') return known;
  return await tryAll(store, password, how, known === 'does not fit' ? remembered?.id : undefined);
}

/** A key that the store has no more opens nothing. Whatever is in the way of this one is told, if it is still there, of all keys. */
async function tryRemembered(
  store: Store,
  { id, document, derived }: RememberedKey,
  how: UnlockHow,
): Promise<UnlockedKey | 'does not fit' | 'not there'> {
  const asking = readChecked(store, 'keys', id, how);
  how.deriving?.();
  try {
    await asking;
  } catch (error) {
    if (hasCode(error, 'store.not-found', 'store.denied', 'repository.damaged')) return 'not there';
    throw error;
  }
  const masterKey = openWith(await derived, document, id);
  return masterKey === undefined ? 'does not fit' : { id, masterKey };
}

async function tryKey(store: Store, id: string, password: string, how: UnlockHow): Promise<UnlockedKey | undefined> {
  const file = await readChecked(store, 'keys', id, how);
  const opening = openKey(decodeKey(file, keyOf('keys', id)), password, id);
  how.deriving?.();
  const masterKey = await opening;
  if (masterKey === undefined) return undefined;
  how.keyMemory?.keep(file);
  return { id, masterKey };
}

/** `misfit`: id of a key that was tried before. */
async function tryAll(store: Store, password: string, how: UnlockHow, misfit?: string): Promise<UnlockedKey> {
  const files = await listFiles(store, 'keys', how);
  if (files.length === 0) throw damaged('keys', 'there is no key file, so no password can open the repository');
  const unreadable: unknown[] = [];
  for (const { id } of files) {
    try {
      const opened = id === misfit ? undefined : await tryKey(store, id, password, how);
      if (opened !== undefined) return opened;
    } catch (error) {
      if (!hasCode(error, 'repository.damaged')) throw error;
      unreadable.push(error);
    }
  }
  if (unreadable.length === files.length) throw unreadable[0];
  const rest = unreadable.length === 0 ? '' : `; besides, ${messageOf(unreadable[0])}`;
  throw new SuretyError(
    'repository.wrong-password',
    `the password does not open the repository at ${store.traits.location}`,
    {
      hint: `check the password and the location${rest}`,
      details: { location: store.traits.location, keys: files.length },
    },
  );
}

export async function readKey(store: Store, id: string, how: How): Promise<KeyDocument> {
  return decodeKey(await readChecked(store, 'keys', id, how), keyOf('keys', id));
}

/** The master key in a key file, or undefined when the password is another one. */
export async function openKey(document: KeyDocument, password: string, id: string): Promise<MasterKey | undefined> {
  return openWith(await deriveKey(password, document.salt, document.cost), document, id);
}

function openWith(derived: MasterKey, { data }: KeyDocument, id: string): MasterKey | undefined {
  const plain = createSealer(derived).open(data);
  return plain === undefined ? undefined : decodeMasterKey(plain, keyOf('keys', id));
}

/** Stores the master key under a password and returns the new key file's id. */
export async function storeKey(
  store: Store,
  masterKey: MasterKey,
  password: string,
  how: How & { readonly identity: Identity; readonly clock: Clock },
): Promise<string> {
  if (password === '')
    throw new SuretyError('key.empty-password', 'an empty password protects nothing', { hint: 'choose another one' });
  const cost = await chooseCost(how.clock);
  const salt = randomBytes(SALT_BYTES);
  const data = createSealer(await deriveKey(password, salt, cost)).seal(Buffer.from(encodeMasterKey(masterKey)));
  const { user, host } = how.identity;
  const file = Buffer.from(encodeKey({ createdNs: dateToNs(how.clock.now()), user, host, cost, salt, data }));
  const id = sha256Hex(file);
  await store.put(keyOf('keys', id), file, how);
  return id;
}

export function newMasterKey(): MasterKey {
  return { encrypt: randomBytes(32), macK: randomBytes(16), macR: randomBytes(16) };
}

/** 32 MiB of memory, as restic takes; rounds are added until one guess costs about this long. */
const BASE_COST: ScryptCost = { N: 32_768, r: 8, p: 1 };
const GUESS_MS = 100;
const MAX_ROUNDS = 8;

async function chooseCost(clock: Clock): Promise<ScryptCost> {
  const startedMs = clock.elapsedMs();
  await deriveKey('calibration', Buffer.alloc(SALT_BYTES), BASE_COST);
  const roundMs = Math.max(1, clock.elapsedMs() - startedMs);
  return { ...BASE_COST, p: Math.min(MAX_ROUNDS, Math.max(1, Math.round(GUESS_MS / roundMs))) };
}
