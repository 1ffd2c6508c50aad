/** The `config` file: what kind of repository this is. It is sealed but never compressed. */
import { SuretyError } from '../../../base/errors.ts';
import { randomHex } from '../../../base/ids.ts';
import { damaged } from './damaged.ts';
import { parseFields } from './fields.ts';
import { isId } from './id.ts';
import { randomPolynomial } from './polynomial.ts';

export interface ConfigDocument {
  /** Format version: 1, or 2 which compresses. */
  readonly version: number;
  /** 64 hex digits, random: tells repositories apart wherever they lie. */
  readonly id: string;
  /** Hex digits of restic's chunking polynomial. */
  readonly polynomial: string;
  /** Base64 of the table that Surety cuts chunks by, where it is that of another repository. restic passes over it. */
  readonly gear?: string;
}

export const CONFIG_KEY = 'config';
const NEWEST_VERSION = 2;

/** The config of a new repository; with the chunker of another one, both cut the same content into the same blobs. */
export function newConfig(
  version = NEWEST_VERSION,
  like?: Pick<ConfigDocument, 'polynomial' | 'gear'>,
): ConfigDocument {
  const polynomial = like?.polynomial ?? randomPolynomial().toString(16);
  return { version, id: randomHex(32), polynomial, ...(like?.gear === undefined ? {} : { gear: like.gear }) };
}

export function encodeConfig({ version, id, polynomial, gear }: ConfigDocument): string {
  const table = gear === undefined ? '' : `,"surety_gear_table":"${gear}"`;
  return `{"version":${version},"id":"${id}","chunker_polynomial":"${polynomial}"${table}}`;
}

/** 256 words. */
const GEAR_BASE64 = /^[A-Za-z0-9+/]{1366}==$/;

/** Throws `repository.version` for a format that this program does not know. */
export function decodeConfig(json: Uint8Array): ConfigDocument {
  const fields = parseFields(json, CONFIG_KEY);
  const version = fields.count('version');
  if (version < 1 || version > NEWEST_VERSION) {
    throw new SuretyError('repository.version', `the repository has format version ${version}, which is not known`, {
      hint: 'use a newer version of Surety, or check that the repository is the one you mean',
      details: { version },
    });
  }
  const id = fields.text('id');
  const polynomial = fields.text('chunker_polynomial');
  if (!isId(id)) throw damaged(CONFIG_KEY, 'its id is not one');
  if (!/^[0-9a-f]{1,16}$/.test(polynomial)) throw damaged(CONFIG_KEY, 'its chunker polynomial is not one');
  const gear = fields.text('surety_gear_table');
  if (gear === '') return { version, id, polynomial };
  if (!GEAR_BASE64.test(gear)) throw damaged(CONFIG_KEY, 'its table for chunks is not one');
  return { version, id, polynomial, gear };
}
