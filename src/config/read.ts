/** Finds the configuration file and reads it as text; what it says is the business of `parse.ts`. */
import { open } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { homeFolder, variable } from '../base/environment.ts';
import { messageOf, SuretyError, systemCode } from '../base/errors.ts';
import { expandHome } from './paths.ts';

export interface RawConfig {
  /** Absolute path. */
  readonly file: string;
  /** The path as a person would write it from here; in messages. */
  readonly shownAs: string;
  readonly text: string;
  /** Permission bits. */
  readonly mode: number;
}

export const CONFIG_NAME = 'surety.yaml';

/**
 * Reads the file that `--config` or `SURETY_CONFIG` names, else the first there is of {@link configPlaces}.
 * Throws `config.missing` or `config.unreadable`.
 */
export async function readConfig(named: string | undefined): Promise<RawConfig> {
  const chosen = named ?? nonEmpty(variable('SURETY_CONFIG'));
  if (chosen !== undefined) {
    const found = await readFile(resolve(expandHome(chosen)));
    if (found !== undefined) return found;
    const by = named === undefined ? ' that SURETY_CONFIG names' : '';
    throw new SuretyError('config.missing', `the configuration file ${chosen}${by} does not exist`, {
      hint: 'correct the path, or write the file with surety init',
    });
  }
  const places = configPlaces();
  for (const place of places) {
    const found = await readFile(place);
    if (found !== undefined) return found;
  }
  throw new SuretyError(
    'config.missing',
    `there is no configuration file: looked for ${places.map(shown).join(', ')}`,
    {
      hint: 'write one with surety init, or name one with --config',
    },
  );
}

/** Where a configuration is looked for, in this order: here, in the user's and in the system's folder. */
export function configPlaces(): string[] {
  const userFolder = nonEmpty(variable('XDG_CONFIG_HOME')) ?? join(homeFolder(), '.config');
  return [resolve(CONFIG_NAME), join(userFolder, 'surety', CONFIG_NAME), join('/etc/surety', CONFIG_NAME)];
}

async function readFile(path: string): Promise<RawConfig | undefined> {
  try {
    await using file = await open(path, 'r');
    const { mode } = await file.stat();
    return { file: path, shownAs: shown(path), text: await file.readFile('utf8'), mode: mode & 0o777 };
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return undefined;
    throw new SuretyError(
      'config.unreadable',
      `the configuration file ${shown(path)} can not be read: ${messageOf(cause)}`,
      {
        hint: 'check that it is a file and that this user may read it',
        cause,
      },
    );
  }
}

/** Relative when it is below the current folder, unless that is the root. */
function shown(path: string): string {
  const fromHere = relative('', path);
  return fromHere.startsWith('..') || `/${fromHere}` === path ? path : fromHere;
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
