/** Reads the files that are to be imported. */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { formatBytes } from '../base/bytes.ts';
import { messageOf, SuretyError, systemCode } from '../base/errors.ts';
import { type Input, readInput } from '../import/import.ts';

/** No configuration is larger; dumps and logs are. */
const MAX_BYTES = 2 ** 18;

/** Throws `config.missing`, `config.unreadable`, `config.too-large`, `config.not-text` or `config.invalid`. */
export function readInputs(files: readonly string[]): Input[] {
  return [...new Set(files)].map((file) => readInput(file, readBytes(file)));
}

function readBytes(file: string): Uint8Array {
  try {
    const descriptor = openSync(file, 'r');
    try {
      const { size } = fstatSync(descriptor);
      if (size > MAX_BYTES) throw tooLarge(file, size);
      const bytes = readFileSync(descriptor);
      if (bytes.length > MAX_BYTES) throw tooLarge(file, bytes.length);
      return bytes;
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    if (cause instanceof SuretyError) throw cause;
    if (systemCode(cause) === 'ENOENT')
      throw new SuretyError('config.missing', `${file} does not exist`, { hint: 'correct the path', cause });
    throw new SuretyError('config.unreadable', `${file} can not be read: ${messageOf(cause)}`, {
      hint: 'check that it is a file and that this user may read it',
      cause,
    });
  }
}

function tooLarge(file: string, sizeBytes: number): SuretyError {
  return new SuretyError('config.too-large', `${file} is too large for a configuration (${formatBytes(sizeBytes)})`, {
    hint: `at most ${formatBytes(MAX_BYTES)} are read; is it the right file?`,
  });
}
