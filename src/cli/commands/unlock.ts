import { Command } from 'commander';
import { hasCode } from '../../base/errors.ts';
import { unlock } from '../../operations/unlock.ts';
import type { Act, Answer, Call } from '../call.ts';
import { EXIT } from '../exit-codes.ts';
import { count } from '../render.ts';
import { repeated } from '../repeated.ts';
import { withSession } from '../session.ts';

interface UnlockOptions {
  readonly repository?: readonly string[];
  readonly all?: boolean;
}

export function unlockCommand(act: Act): Command {
  return new Command('unlock')
    .summary('remove locks that crashed runs left behind')
    .description('Removes the locks of runs that are no longer there.')
    .option('--repository <name>', 'only this repository (repeatable)', repeated)
    .option('--all', 'remove all locks, also those of running programs: only when you know that none runs')
    .action(act(runUnlock));
}

async function runUnlock(call: Call, options: UnlockOptions): Promise<Answer> {
  return await withSession(call, { record: false }, async ({ platform }) => {
    const repositories: { repository: string; removed: number }[] = [];
    for (const repository of platform.repositories(options.repository, 'remove')) {
      try {
        const removed = await unlock(repository, { signal: call.signal, all: options.all === true });
        repositories.push({ repository: repository.name, removed });
      } catch (error) {
        // Where no repository was named, one that has no locks is in nobody's way.
        if (options.repository !== undefined || !hasCode(error, 'repository.cannot')) throw error;
      }
    }
    const lines = repositories.map(({ repository, removed }) => `${repository}: ${count(removed, 'lock')} removed\n`);
    return { exitCode: EXIT.ok, document: { verb: 'unlock', outcome: 'ok', repositories }, text: lines.join('') };
  });
}
