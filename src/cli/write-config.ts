/** Writes a first configuration, with a password file where one is wanted and missing. */
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SuretyError, systemCode } from '../base/errors.ts';
import { makeFolders } from '../base/folders.ts';
import { randomBytes } from '../base/ids.ts';
import { type Answers, draftConfig } from './config-draft.ts';
import { placeOf } from './place.ts';

export interface Written {
  /** Absolute path of the configuration. */
  readonly file: string;
  /** Absolute path of the password file, when it was made. */
  readonly passwordFile: string | undefined;
}

const PASSWORD_BYTES = 24;

/**
 * Writes both, or neither. Paths in the answers are as seen from the folder of the configuration. Throws
 * `usage.no-such-path`, `config.exists`, `config.invalid` or `config.unwritable`.
 */
export async function writeConfig(file: string, answers: Answers): Promise<Written> {
  const folder = dirname(file);
  const missing = [...answers.folders, ...answers.databases].find((path) => !existsSync(placeOf(folder, path)));
  if (missing !== undefined) {
    throw new SuretyError('usage.no-such-path', `${placeOf(folder, missing)} does not exist`, {
      hint: 'relative paths are relative to the folder of the configuration file',
    });
  }
  const passwordFile = await writePassword(folder, answers);
  try {
    await writeExclusively(file, draftConfig(answers, folder), 0o644);
    await expectValid(file);
  } catch (error) {
    if (passwordFile !== undefined) await rm(passwordFile, { force: true });
    throw error;
  }
  return { file, passwordFile };
}

export async function removeWritten({ file, passwordFile }: Written): Promise<void> {
  for (const one of [file, passwordFile]) if (one !== undefined) await rm(one, { force: true });
}

/** Makes the password file unless it exists. Returns its path when it was made. */
async function writePassword(folder: string, { password }: Answers): Promise<string | undefined> {
  if ('env' in password) return undefined;
  const file = placeOf(folder, password.file);
  if (existsSync(file)) return undefined;
  await writeExclusively(file, `${randomBytes(PASSWORD_BYTES).toString('base64url')}\n`, 0o600);
  return file;
}

async function writeExclusively(file: string, text: string, mode: number): Promise<void> {
  try {
    makeFolders(dirname(file));
    await writeFile(file, text, { flag: 'wx', mode });
  } catch (cause) {
    if (systemCode(cause) === 'EEXIST') throw new SuretyError('config.exists', `${file} exists already`, { cause });
    throw new SuretyError('config.unwritable', `${file} can not be written (${systemCode(cause) ?? 'unknown error'})`, {
      hint: 'check the path, and that this user may write there',
      cause,
    });
  }
}

/** An answer that makes no valid configuration, such as a schedule that is none, leaves no file behind. */
async function expectValid(file: string): Promise<void> {
  const { inspectConfig, problemLine } = await import('../daemon/compose.ts');
  const { errors } = await inspectConfig(file);
  if (errors.length === 0) return;
  await rm(file, { force: true });
  const lines = errors.map((problem) => problemLine(problem));
  throw new SuretyError('config.invalid', `these answers make no valid configuration:\n${lines.join('\n')}`, {
    hint: 'correct the flag; nothing was written',
  });
}
