import { Command } from 'commander';
import { hostName, userBehind, userName } from '../../base/environment.ts';
import { unpin } from '../../operations/pin.ts';
import type { Act, Answer, Call } from '../call.ts';
import { EXIT } from '../exit-codes.ts';
import { unpinReportText } from '../render/pin.ts';
import { repeated } from '../repeated.ts';
import { withSession } from '../session.ts';

interface UnpinOptions {
  readonly repository?: readonly string[];
}

export function unpinCommand(act: Act): Command {
  return new Command('unpin')
    .summary('let the rules decide about pinned snapshots again')
    .description(
      'Takes away every pin of the snapshots, in every repository that has them. What goes is decided by the next cleanup.',
    )
    .argument('<id...>', 'ids of snapshots or recovery points, or latest')
    .option('--repository <name>', 'only in this repository (repeatable)', repeated)
    .action(act(runUnpin));
}

async function runUnpin(call: Call, ids: readonly string[], { repository }: UnpinOptions): Promise<Answer> {
  return await withSession(call, { record: false }, async ({ platform }) => {
    const who = { now: call.clock.now(), by: `${userBehind() || userName()}@${hostName()}` };
    const report = await unpin({ repositories: platform.repositories(repository), ids, ...who }, call);
    return { exitCode: EXIT.ok, document: { verb: 'unpin', ...report }, text: unpinReportText(report) };
  });
}
