/**
 * Pins as files of a repository: each is one small JSON document in a folder of its snapshot, and none is ever changed or removed. So they can be
 * set where nothing may be deleted, and one that is damaged still says which snapshot it is of. docs/decisions/0011-pins-are-files.md says why.
 */

import { hasCode, SuretyError } from '../base/errors.ts';
import { randomHex } from '../base/ids.ts';
import { eachConcurrently } from '../base/limit.ts';
import type { PinDocument, PinMark, UnpinDocument } from '../rules/pins.ts';
import type { How, Store } from '../stores/store.ts';
import type { PinBoard } from './engine.ts';

/** How documents are stored in a repository. */
export interface PinCoding {
  /** The first part of their keys. */
  readonly folder: string;
  encode(json: string): Uint8Array;
  /** Throws for what this repository did not write. */
  decode(bytes: Uint8Array<ArrayBuffer>, key: string): Uint8Array;
}

const FORMAT = 1;
const MAX_BYTES = 1 << 16;

export function openPinBoard(store: Store, coding: PinCoding, mayAdd: () => void = () => {}): PinBoard {
  return {
    list: (how) => listPins(store, coding, how),
    async add(snapshot, document, how) {
      mayAdd();
      const name = `${document.at.toISOString().replace(/\D/g, '').slice(0, 14)}-${randomHex(8)}`;
      const bytes = coding.encode(`${JSON.stringify({ format: FORMAT, ...document })}\n`);
      await store.put(`${coding.folder}/${snapshot}/${name}`, bytes, { ...how, ifAbsent: true });
      return name;
    },
  };
}

async function listPins(store: Store, coding: PinCoding, how: How): Promise<PinMark[]> {
  const keys: { key: string; snapshot: string; name: string; sizeBytes: number }[] = [];
  for await (const { key, sizeBytes } of store.list(coding.folder, how)) {
    const [snapshot, name, more] = key.slice(coding.folder.length + 1).split('/');
    if (snapshot !== undefined && name !== undefined && more === undefined)
      keys.push({ key, snapshot, name, sizeBytes });
  }
  const marks: PinMark[] = [];
  await eachConcurrently(
    keys,
    store.traits.connections,
    how.signal,
    async ({ key, snapshot, name, sizeBytes }, signal) => {
      const document = sizeBytes > MAX_BYTES ? undefined : await readPin(store, coding, key, { signal });
      if (document !== 'gone') marks.push({ name, snapshot, document });
    },
  );
  return marks;
}

/** What is there and can not be understood, whoever wrote it, is a pin: only a store that does not answer is an error. */
async function readPin(
  store: Store,
  coding: PinCoding,
  key: string,
  how: How,
): Promise<PinDocument | UnpinDocument | undefined | 'gone'> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = await store.read(key, undefined, how);
  } catch (error) {
    if (hasCode(error, 'store.not-found')) return 'gone';
    if (error instanceof SuretyError && error.retry === 'later') throw error;
    how.signal.throwIfAborted();
    return undefined;
  }
  try {
    return parsePin(JSON.parse(Buffer.from(coding.decode(bytes, key)).toString('utf8')));
  } catch {
    return undefined;
  }
}

/** Throws for what is not whole. */
function parsePin(raw: unknown): PinDocument | UnpinDocument {
  const fields = raw as Readonly<Record<string, unknown>>;
  if (fields.format !== FORMAT) throw new Error('the format is not known');
  const [at, by] = [dateOf(fields.at), textOf(fields.by)];
  if (fields.type === 'unpin') return { type: 'unpin', at, by, lifts: textsOf(fields.lifts) };
  if (fields.type !== 'pin') throw new Error('it is no pin');
  return {
    ...{ type: 'pin', at, by, time: dateOf(fields.time), host: textOf(fields.host), source: textOf(fields.source) },
    ...{ paths: textsOf(fields.paths), reason: textOf(fields.reason) },
    until: fields.until === undefined ? undefined : dateOf(fields.until),
  };
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new Error('a text is missing');
}

function textsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(textOf);
  throw new Error('a list is missing');
}

function dateOf(value: unknown): Date {
  const time = new Date(textOf(value));
  if (Number.isNaN(time.getTime())) throw new Error('a time is missing');
  return time;
}
