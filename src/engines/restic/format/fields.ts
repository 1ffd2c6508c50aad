/** Reads fields of a parsed JSON document whose writer may be another program: each is checked, none is trusted. */
import { damaged } from './damaged.ts';
import { isId } from './id.ts';
import { parseTime } from './time.ts';

export interface Fields {
  /** '' when absent or null, as Go omits empty texts. */
  text(name: string): string;
  /** A whole number from 0 to 2⁵³; 0 when absent. */
  count(name: string): number;
  flag(name: string): boolean;
  /** Nanoseconds since 1970. Must be there. */
  time(name: string): bigint;
  /** Must be there. */
  id(name: string): string;
  optionalId(name: string): string | undefined;
  texts(name: string): readonly string[];
  /** Standard base64. Must be there. */
  bytes(name: string): Buffer;
  /** An object inside this one. */
  optionalFields(name: string): Fields | undefined;
}

/** The fields of the JSON object in `json`. Throws what {@link damaged} makes of `key`. */
export function parseFields(json: Uint8Array, key: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString('utf8'));
  } catch (error) {
    throw damaged(key, 'it is not JSON', error);
  }
  return fieldsOf(value, key);
}

export function fieldsOf(value: unknown, key: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw damaged(key, 'it is not a JSON object');
  const object = value as Readonly<Record<string, unknown>>;
  const get = (name: string): unknown => (Object.hasOwn(object, name) ? object[name] : undefined) ?? undefined;
  const wrong = (name: string, wanted: string): never => {
    throw damaged(key, `its field ${name} is not ${wanted}`);
  };
  const text = (name: string): string => {
    const found = get(name) ?? '';
    return typeof found === 'string' ? found : wrong(name, 'a text');
  };
  const optionalId = (name: string): string | undefined => {
    const found = get(name);
    return found === undefined || isId(found) ? found : wrong(name, 'an id');
  };
  return {
    text,
    count(name) {
      const found = get(name) ?? 0;
      return Number.isSafeInteger(found) && (found as number) >= 0 ? (found as number) : wrong(name, 'a whole number');
    },
    flag(name) {
      const found = get(name) ?? false;
      return typeof found === 'boolean' ? found : wrong(name, 'true or false');
    },
    time: (name) => parseTime(text(name)) ?? wrong(name, 'a time'),
    id: (name) => optionalId(name) ?? wrong(name, 'an id'),
    optionalId,
    texts(name) {
      const found = get(name) ?? [];
      if (!Array.isArray(found) || found.some((one) => typeof one !== 'string')) return wrong(name, 'a list of texts');
      return found as string[];
    },
    bytes(name) {
      const found = text(name);
      const decoded = Buffer.from(found, 'base64');
      return found !== '' && decoded.toString('base64') === found ? decoded : wrong(name, 'base64');
    },
    optionalFields: (name) => (get(name) === undefined ? undefined : fieldsOf(get(name), key)),
  };
}
