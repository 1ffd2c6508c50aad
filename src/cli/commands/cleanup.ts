import { Command } from 'commander';
import { newRecoveryPointId } from '../../base/ids.ts';
import { type CleanupRequest, cleanup } from '../../operations/cleanup.ts';
import type { Act, Answer, Call } from '../call.ts';
import { exitCodeOfOutcome } from '../exit-codes.ts';
import { keepFor } from '../keep-for.ts';
import { fraction } from '../parse-option.ts';
import { cleanupText } from '../render/cleanup.ts';
import { repeated } from '../repeated.ts';
import { withSession } from '../session.ts';

interface CleanupOptions {
  readonly repository?: readonly string[];
  readonly dryRun?: boolean;
  readonly allowOld?: boolean;
  readonly allowClock?: boolean;
  readonly prune: boolean;
  readonly maxUnused?: number;
}

/** restic's own default. */
const DEFAULT_MAX_UNUSED = 0.05;

export function cleanupCommand(act: Act): Command {
  return new Command('cleanup')
    .summary('remove snapshots that no rule keeps, and content nobody needs')
    .description('Removes the snapshots that no `keep` rule of a job keeps, then the content that no snapshot needs.')
    .option('--repository <name>', 'only this repository (repeatable)', repeated)
    .option('--dry-run', 'show what would be removed and why, and remove nothing')
    .option('--allow-old', 'also where the newest backup of a source is older than its job allows')
    .option('--allow-clock', "also where this machine's clock is not that of the service that keeps the repository")
    .option('--no-prune', 'remove only snapshots; their content stays until the next cleanup')
    .option('--max-unused <percent>', 'unused share of a repository that may stay (default: 5%)', fraction)
    .action(act(runCleanup));
}

async function runCleanup(call: Call, options: CleanupOptions): Promise<Answer> {
  const dryRun = options.dryRun === true;
  return await withSession(call, { record: !dryRun }, async ({ platform, how }) => {
    const keep = keepFor(platform, options.allowOld === true);
    const request: CleanupRequest = {
      runId: newRecoveryPointId(how.clock.now()),
      repositories: platform.repositories(options.repository, 'remove').map((repository) => ({
        repository,
        keep: keep(repository.name),
      })),
      dryRun,
      prune: options.prune,
      allowClock: options.allowClock,
      maxUnused: options.maxUnused ?? DEFAULT_MAX_UNUSED,
      memory: await platform.memory(),
      restoring: platform.restoring,
    };
    const report = await cleanup(request, how);
    const codes = report.repositories.flatMap((one) => one.error?.code ?? []);
    return {
      exitCode: exitCodeOfOutcome(report.outcome, codes),
      document: { verb: 'cleanup', ...report },
      text: cleanupText(report, { now: how.clock.now(), colors: call.terminal.colors }),
    };
  });
}
