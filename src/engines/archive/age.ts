/** Encryption to the public keys of age (age-encryption.org/v1), which the `age` program opens too. */
import { ReadableStream } from 'node:stream/web';
import type { Encrypter } from 'age-encryption';
import { messageOf, SuretyError } from '../../base/errors.ts';
import type { How } from '../engine.ts';
import type { Repository } from './repository.ts';
import type { Chunks } from './through.ts';

export async function* encrypt(chunks: Chunks, recipients: readonly string[]): AsyncGenerator<Uint8Array> {
  const encrypter = await openEncrypter(recipients);
  yield* (await encrypter.encrypt(webStream(chunks))) as unknown as Chunks;
}

/** Throws `repository.wrong-recipient` for a text that only looks like a public key. */
export async function openEncrypter(recipients: readonly string[]): Promise<Encrypter> {
  const age = await import('age-encryption');
  const encrypter = new age.Encrypter();
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient);
    } catch (cause) {
      throw new SuretyError('repository.wrong-recipient', `${recipient} is not a public key of age`, {
        hint: 'copy it whole, as age-keygen prints it',
        cause,
      });
    }
  }
  return encrypter;
}

export type Identities = readonly string[];

/**
 * The secret keys of the repository. Throws `repository.no-identity` where none are configured, and `repository.wrong-identity` for a
 * secret that is none.
 */
export async function fetchIdentities({ identity, store }: Repository, how: How): Promise<Identities> {
  if (identity === undefined) {
    throw new SuretyError('repository.no-identity', `the backups in ${store.traits.location} are encrypted`, {
      hint: 'give the secret key as identity: { file: PATH } of the repository, where backups are restored',
    });
  }
  const lines = (await identity(how)).reveal().split('\n');
  const keys = lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
  const isKey = (line: string) => /^AGE-SECRET-KEY-(PQ-)?1[0-9A-Z]+$/.test(line);
  if (keys.length > 0 && keys.every(isKey)) return keys;
  throw new SuretyError('repository.wrong-identity', 'the identity is not a secret key of age', {
    hint: 'it is a line that begins with AGE-SECRET-KEY-1, as age-keygen prints it',
  });
}

/** Throws `repository.wrong-identity` when none of the keys opens it; damage is thrown as age says it. */
export async function* decrypt(chunks: Chunks, identities: Identities, key: string): AsyncGenerator<Uint8Array> {
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  let plain: Chunks;
  try {
    plain = (await decrypter.decrypt(webStream(chunks))) as unknown as Chunks;
  } catch (error) {
    if (!/no identity matched/.test(messageOf(error))) throw error;
    throw new SuretyError('repository.wrong-identity', `${key} was not encrypted to the key that is configured`, {
      hint: 'use the secret key of one of its recipients',
    });
  }
  yield* plain;
}

/** The library takes the web's streams. */
function webStream(chunks: Chunks): globalThis.ReadableStream<Uint8Array> {
  return ReadableStream.from(asBytes(chunks)) as unknown as globalThis.ReadableStream<Uint8Array>;
}

/** Plain arrays: the library compares with `Uint8Array` exactly. */
async function* asBytes(chunks: Chunks): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
}
