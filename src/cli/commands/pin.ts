import { Command } from 'commander';
import { parseDuration } from '../../base/durations.ts';
import { hostName, systemTimeZone, userBehind, userName } from '../../base/environment.ts';
import { SuretyError } from '../../base/errors.ts';
import { pin } from '../../operations/pin.ts';
import { parseMoment } from '../../rules/moment.ts';
import type { Act, Answer, Call } from '../call.ts';
import { EXIT } from '../exit-codes.ts';
import { pinReportText } from '../render/pin.ts';
import { repeated } from '../repeated.ts';
import { withSession } from '../session.ts';

interface PinOptions {
  readonly repository?: readonly string[];
  readonly until?: string;
  readonly for?: string;
  readonly reason?: string;
}

const REASON_MAX = 500;

export function pinCommand(act: Act): Command {
  return new Command('pin')
    .summary('keep snapshots, whatever the rules say')
    .description(
      'Pins snapshots in every repository that has them: no cleanup of any machine removes them, and forget only with --allow-pinned. Without ' +
        '--until or --for they stay pinned until surety unpin.',
    )
    .argument('<id...>', 'ids of snapshots or recovery points, or latest')
    .option('--repository <name>', 'only in this repository (repeatable)', repeated)
    .option('--until <time>', 'when it ends, such as 2027-01-31 or "2027-01-31 18:00"')
    .option('--for <duration>', 'how long it holds, such as 90d')
    .option('--reason <text>', 'why; shown wherever the pin is')
    .action(act(runPin));
}

async function runPin(call: Call, ids: readonly string[], options: PinOptions): Promise<Answer> {
  const now = call.clock.now();
  const [until, reason] = [untilOf(options, now), options.reason ?? ''];
  if (reason.length > REASON_MAX) {
    throw new SuretyError('usage.reason', `the reason is longer than ${REASON_MAX} characters`);
  }
  return await withSession(call, { record: false }, async ({ platform }) => {
    const repositories = platform.repositories(options.repository);
    const by = `${userBehind() || userName()}@${hostName()}`;
    const report = await pin({ repositories, ids, now, by, until, reason }, call);
    return { exitCode: EXIT.ok, document: { verb: 'pin', ...report }, text: pinReportText(report) };
  });
}

function untilOf({ until, for: span }: PinOptions, now: Date): Date | undefined {
  if (until !== undefined && span !== undefined) {
    throw new SuretyError('usage.conflict', '--until and --for exclude each other', { hint: 'leave one of them out' });
  }
  if (until !== undefined) return parseMoment(until, { now, timeZone: systemTimeZone() });
  return span === undefined ? undefined : new Date(now.getTime() + parseDuration(span));
}
