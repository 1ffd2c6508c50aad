/** Asks a person for what `surety init` was not told by flags. */
import { existsSync } from 'node:fs';
import type { Answers } from './config-draft.ts';
import { placeOf } from './place.ts';

export type Given = Partial<Answers>;

/** Fills in what is missing. Throws `run.interrupted` when the person gives up. */
export async function askAnswers(given: Given, defaults: Answers, signal: AbortSignal): Promise<Answers> {
  const { intro, outro, text } = await import('@clack/prompts');
  const { answered } = await import('./prompted.ts');
  const output = process.stderr;
  const ask = async (
    message: string,
    initialValue: string,
    validate: (value: string | undefined) => string | undefined,
  ) => {
    const answer = await answered(text({ message, initialValue, validate, signal, output }), signal);
    return answer.trim();
  };
  intro('A first configuration for Surety', { output });
  const folders =
    given.folders ?? paths(await ask('Folders to protect (separated by commas, may be empty)', '', existing));
  const needsDatabase = folders.length === 0 && given.databases === undefined;
  const databases =
    given.databases ??
    paths(
      await ask('SQLite databases to protect (may be empty)', '', (value) =>
        needsDatabase ? required(value) : existing(value),
      ),
    );
  const store = given.store ?? (await ask('Folder for the repository', defaults.store, required));
  const password = given.password ?? {
    file: await ask('File for its password (made if missing)', passwordFile(defaults), required),
  };
  outro('That is all.', { output });
  return { folders, databases, store, password, keep: given.keep ?? defaults.keep, schedule: given.schedule };
}

function passwordFile({ password }: Answers): string {
  return 'file' in password ? password.file : '';
}

function paths(answer: string): string[] {
  return answer
    .split(',')
    .map((path) => path.trim())
    .filter((path) => path !== '');
}

function existing(value: string | undefined): string | undefined {
  const missing = paths(value ?? '').find((path) => !existsSync(placeOf('', path)));
  return missing === undefined ? undefined : `${missing} does not exist`;
}

function required(value: string | undefined): string | undefined {
  return (value ?? '').trim() === '' ? 'This can not be empty' : undefined;
}
