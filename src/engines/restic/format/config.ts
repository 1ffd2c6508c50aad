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
}

export const CONFIG_KEY = 'config';
export const NEWEST_VERSION = 2;

/** The config of a new repository. */
export function newConfig(version = NEWEST_VERSION): ConfigDocument {
  return { version, id: randomHex(32), polynomial: randomPolynomial().toString(16) };
}

export function encodeConfig({ version, id, polynomial }: ConfigDocument): string {
  return `{"version":${version},"id":"${id}","chunker_polynomial":"${polynomial}"}`;
}

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
  return { version, id, polynomial };
}
