import { Command } from 'commander';
import { systemTimeZone } from '../../base/environment.ts';
import { messageOf } from '../../base/errors.ts';
import type { Platform } from '../../daemon/compose.ts';
import { provenCopies, type SourceCopies } from '../../operations/proven-copies.ts';
import type { StatusJob } from '../../operations/status/status-source.ts';
import { status } from '../../operations/status.ts';
import type { Act, Answer, Call } from '../call.ts';
import { copiesRequest } from '../copies-request.ts';
import { exitCodeOfOutcome } from '../exit-codes.ts';
import { copiesSummary } from '../render/copies.ts';
import { statusText } from '../render/status.ts';
import { repeated } from '../repeated.ts';
import { type Session, withSession } from '../session.ts';
import { columnsOf } from '../terminal.ts';

interface StatusOptions {
  readonly source?: readonly string[];
  readonly repository?: readonly string[];
}

export function statusCommand(act: Act): Command {
  return new Command('status')
    .summary('whether all is well: how old, how good, how long')
    .description(
      'Shows of each source how old its newest good backup is, how well it was checked and how long a restore takes, and what is in the ' +
        'repositories. Exit code 3: something is late, failed or too slow.',
    )
    .option('--source <name>', 'only this source (repeatable)', repeated)
    .option('--repository <name>', 'only this repository, and what is in it (repeatable)', repeated)
    .action(act(runStatus));
}

async function runStatus(call: Call, options: StatusOptions): Promise<Answer> {
  return await withSession(call, { record: false, impatient: true }, async (session) => {
    const { platform } = session;
    const report = await status(
      {
        sources: platform.goals(options.source),
        repositories: platform.repositories(options.repository),
        jobs: jobsOf(platform),
        // With only some of the sources or repositories, nobody can tell.
        scenarios: options.source === undefined && options.repository === undefined ? platform.scenarios : [],
        catalog: await platform.catalog(),
        unfinishedRestores: unfinishedRestores(session),
        hosts: platform.ownHosts,
        now: call.clock.now(),
      },
      call,
    );
    const copies = await judgedCopies(platform, options.source, call);
    const line = copiesSummary(copies);
    const isShort = copies.some(({ verdict }) => verdict.kept === false);
    return {
      exitCode: exitCodeOfOutcome(report.outcome),
      document: { verb: 'status', ...report, copies: copies.map(({ name, verdict }) => ({ name, verdict })) },
      text:
        statusText(report, call.terminal.colors, columnsOf(call.terminal)) +
        (line === undefined ? '' : `Copies: ${line}${isShort ? ' `surety copies` says why.' : ''}\n`),
    };
  });
}

/** Of the sources that a rule is set for. It is a note: `surety copies` has the reasons and the exit code. */
async function judgedCopies(
  platform: Platform,
  sources: readonly string[] | undefined,
  call: Call,
): Promise<readonly SourceCopies[]> {
  if (!platform.hasCopiesRule) return [];
  const request = await copiesRequest(platform, { sources, repositories: undefined, check: false }, call);
  return (await provenCopies(request, call)).sources.filter(({ rule }) => rule !== undefined);
}

/** A job without a time zone runs by that of this machine. */
function jobsOf({ jobs, scheduled }: Platform): StatusJob[] {
  return jobs.map(({ name, sources, to }) => {
    const plan = scheduled.find(({ verb, job }) => verb === 'backup' && job === name);
    const timeZone = plan?.timeZone ?? systemTimeZone();
    return { name, sources, to, due: plan === undefined ? undefined : { schedule: plan.schedule, timeZone } };
  });
}

function unfinishedRestores({ platform, warn }: Session): number {
  try {
    return platform.restoreJournal().list().length;
  } catch (error) {
    warn(messageOf(error));
    return 0;
  }
}
