import { systemClock } from '../../base/clock.ts';
import { joinBytes } from '../../base/streams.ts';
import { alreadyExists, checkBodySize, notFound, openBody, rangeLength } from '../body.ts';
import { checkKey, checkPrefix, isUnder } from '../key.ts';
import type { Body, How, PutHow, Range, Store, Stored } from '../store.ts';

interface Kept {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly modifiedAt: Date;
}

/** A store that lives as long as the process; for tests and trials. */
export function openMemoryStore(location = 'memory'): Store {
  const kept = new Map<string, Kept>();

  function need(key: string): Kept {
    const found = kept.get(key);
    if (found === undefined) throw notFound(key, location);
    return found;
  }

  function view(key: string, range: Range | undefined): Uint8Array {
    const { bytes } = need(key);
    const offset = range?.offset ?? 0;
    return bytes.subarray(offset, offset + rangeLength(key, range, bytes.length));
  }

  return {
    traits: { kind: 'memory', location, connections: 8, conditionalPut: true, remote: false },

    async put(key: string, body: Body, how: PutHow): Promise<void> {
      begin(key, how);
      const bytes = await copyOf(body, how);
      checkBodySize(key, body, bytes.length);
      how.signal.throwIfAborted();
      if (how.ifAbsent === true && kept.has(key)) throw alreadyExists(key, location);
      kept.set(key, { bytes, modifiedAt: systemClock.now() });
    },

    async read(key: string, range: Range | undefined, how: How): Promise<Uint8Array<ArrayBuffer>> {
      begin(key, how);
      return new Uint8Array(view(key, range));
    },

    async *stream(key: string, range: Range | undefined, how: How): AsyncGenerator<Uint8Array> {
      begin(key, how);
      const bytes = view(key, range);
      for (let at = 0; at < bytes.length; at += 1 << 16) {
        how.signal.throwIfAborted();
        yield bytes.slice(at, at + (1 << 16));
      }
    },

    async stat(key: string, how: How): Promise<Stored | undefined> {
      begin(key, how);
      const found = kept.get(key);
      return found === undefined ? undefined : stored(key, found);
    },

    async *list(prefix: string, how: How): AsyncGenerator<Stored> {
      checkPrefix(prefix);
      how.signal.throwIfAborted();
      for (const [key, found] of [...kept]) {
        how.signal.throwIfAborted();
        if (isUnder(key, prefix)) yield stored(key, found);
      }
    },

    async delete(key: string, how: How): Promise<void> {
      begin(key, how);
      kept.delete(key);
    },

    async [Symbol.asyncDispose](): Promise<void> {},
  };
}

function begin(key: string, how: How): void {
  checkKey(key);
  how.signal.throwIfAborted();
}

async function copyOf(body: Body, how: How): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for await (const chunk of openBody(body, how)) parts.push(new Uint8Array(chunk));
  return joinBytes(parts);
}

function stored(key: string, { bytes, modifiedAt }: Kept): Stored {
  return { key, sizeBytes: bytes.length, modifiedAt };
}
