import type { Draft } from '../draft.ts';
import type { Input } from '../input.ts';
import type { Taken } from '../reader.ts';
import { type Command, readScript } from '../script-text.ts';

/** Schedules by what they start: `database`, `files`, `full`, `cleanup`, `verify`. */
export type CronCommands = ReadonlyMap<string, Taken<string>>;

const STARTED: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\bdatabase_backup\.sh\b|\bbackup_manager\.py\s+database\b/, 'database'],
  [/\bfiles_backup\.sh\b|\bbackup_manager\.py\s+files\b/, 'files'],
  [/\bfull_backup\.sh\b|\bbackup_manager\.py\s+full\b/, 'full'],
  [/\bbackup_manager\.py\s+cleanup\b/, 'cleanup'],
  [/\bverify_recent_backups\.py\b|\bbackup_manager\.py\s+verify\b/, 'verify'],
];

/** What a crontab starts when. Commands in it that are not about backups are left alone. */
export function cronCommands(inputs: readonly Input[], draft: Draft): CronCommands {
  const found = new Map<string, Taken<string>>();
  for (const command of inputs.flatMap(commandsOf)) {
    const { schedule, file, line } = command;
    const name = schedule === undefined ? undefined : startedBy(command);
    if (schedule === undefined || name === undefined) continue;
    const from = { file, line, key: `${schedule} ${name}`, value: schedule };
    const before = found.get(name);
    if (before === undefined) found.set(name, { value: schedule, from });
    else
      draft.omit(
        from,
        `line ${before.from.line} starts the same already, and a job has one schedule`,
        'add a second job with the same sources by hand',
      );
  }
  return found;
}

/** A container writes its crontab with `echo '…'` in its command. */
function commandsOf(input: Input): readonly Command[] {
  if (input.kind === 'script') return input.script.commands;
  if (input.kind !== 'yaml') return [];
  return input.text.split('\n').flatMap((text, at) => {
    const line = /\becho '([^']+)'/.exec(text)?.[1];
    return line === undefined
      ? []
      : readScript(input.name, line).commands.map((command) => ({ ...command, line: at + 1 }));
  });
}

function startedBy({ words }: Command): string | undefined {
  const text = words.map((word) => word.text.replaceAll('\\', '/')).join(' ');
  return STARTED.find(([pattern]) => pattern.test(text))?.[1];
}
