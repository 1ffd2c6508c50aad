/** Pins are sealed with the key of the repository, as its other documents are: who has only the store can not read or make any. */
import type { PinCoding } from '../pin-files.ts';
import { damaged } from './format/damaged.ts';
import { decodeUnpacked, encodeUnpacked } from './format/unpacked.ts';
import type { Repository } from './repository.ts';

/** In a folder that restic does not know, and so leaves alone. */
export function pinCoding({ sealer, config, level }: Repository): PinCoding {
  return {
    folder: 'pins',
    encode: (json) => sealer.seal(encodeUnpacked(json, config.version, level)),
    decode(bytes, key) {
      const plain = sealer.openInPlace(bytes);
      if (plain === undefined) throw damaged(key, 'it was not sealed with the key of this repository');
      return decodeUnpacked(plain, key);
    },
  };
}
