/** What a program on another host writes to stdout, without what comes before and after. */
import type { Readable } from 'node:stream';
import { SuretyError } from '../base/errors.ts';
import { openMarkScanner } from './far-marks.ts';

export interface FarOutput {
  /** The program's output. Returns whether its end was marked: else some of it may be missing. To be called once. */
  read(stdout: Readable): AsyncGenerator<Uint8Array, boolean>;
  /** The beginning of what came before the program's output. */
  noise(): string;
}

const NOISE_SHOWN_BYTES = 1 << 10;
/** A login shell that says more than this is not one. */
const NOISE_BYTES = 1 << 20;

export function openFarOutput(prefix: Buffer, location: string): FarOutput {
  const scanner = openMarkScanner(prefix);
  let noise = Buffer.alloc(0);
  let noiseBytes = 0;
  let within = false;

  function takeNoise(bytes: Buffer): void {
    noiseBytes += bytes.length;
    if (noise.length < NOISE_SHOWN_BYTES) noise = Buffer.concat([noise, bytes]).subarray(0, NOISE_SHOWN_BYTES);
    if (noiseBytes > NOISE_BYTES) {
      throw new SuretyError('reach.failed', `the login shell of ${location} prints and prints: "${shown(noise)}"`, {
        hint: 'no file that the shell reads at login (.bashrc and the like) may print anything when there is no terminal',
      });
    }
  }

  return {
    async *read(stdout) {
      for await (const chunk of stdout) {
        for (const piece of scanner.add(chunk as Uint8Array)) {
          if ('mark' in piece) {
            if (piece.mark === 'end') return true;
            within = true;
          } else if (within) yield piece.bytes;
          else takeNoise(piece.bytes);
        }
      }
      const rest = scanner.rest();
      if (rest.length > 0 && within) yield rest;
      return false;
    },
    noise: () => shown(noise),
  };
}

function shown(noise: Buffer): string {
  return noise
    .toString('latin1')
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, 200);
}
