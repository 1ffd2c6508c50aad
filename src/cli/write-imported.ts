/** Writes an imported configuration. */
import { rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SuretyError, systemCode } from '../base/errors.ts';
import { makeFolders } from '../base/folders.ts';

/** With `force`, a file that is there is replaced, whole or not at all. Throws `config.exists` or `config.unwritable`. */
export async function writeImported(file: string, text: string, force: boolean): Promise<void> {
  const scratch = `${file}.import-${process.pid}`;
  try {
    makeFolders(dirname(file));
    if (!force) return await writeFile(file, text, { flag: 'wx', mode: 0o644 });
    await writeFile(scratch, text, { flag: 'wx', mode: 0o644 });
    await rename(scratch, file);
  } catch (cause) {
    if (force) await rm(scratch, { force: true });
    if (systemCode(cause) === 'EEXIST') {
      throw new SuretyError('config.exists', `${file} exists already`, {
        hint: 'name another file with --output, look at the result with --stdout, or overwrite it with --force',
        cause,
      });
    }
    throw new SuretyError('config.unwritable', `${file} can not be written (${systemCode(cause) ?? 'unknown error'})`, {
      hint: 'check the path, and that this user may write there',
      cause,
    });
  }
}
