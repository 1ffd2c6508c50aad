import { Command } from 'commander';
import { newRecoveryPointId } from '../../base/ids.ts';
import { verify } from '../../operations/verify.ts';
import type { Act, Answer, Call } from '../call.ts';
import { exitCodeOfOutcome } from '../exit-codes.ts';
import { type Subset, subset } from '../parse-option.ts';
import { verifyText } from '../render-verify.ts';
import { repeated } from '../repeated.ts';
import { withSession } from '../session.ts';

interface VerifyOptions {
  readonly repository?: readonly string[];
  readonly source?: string;
  readonly host?: string;
  readonly readData?: boolean;
  readonly subset?: Subset;
}

export function verifyCommand(act: Act): Command {
  return new Command('verify')
    .summary('check that what is stored is whole')
    .description(
      'Checks repositories, or only the named snapshots: that everything they need is there, and with --read-data ' +
        'also every stored byte.',
    )
    .argument('[id...]', 'ids of snapshots or recovery points, or latest; default: everything')
    .option('--repository <name>', 'only this repository (repeatable)', repeated)
    .option('--source <name>', 'with latest: the newest of this source')
    .option('--host <name>', 'with latest: the newest of this host')
    .option('--read-data', 'read and check every stored byte')
    .option('--subset <part>', 'read only a part of the data: 1/5, 10% or 2GiB (implies --read-data)', subset)
    .action(act(runVerify));
}

async function runVerify(call: Call, ids: readonly string[], options: VerifyOptions): Promise<Answer> {
  return await withSession(call, { record: true }, async ({ platform, how }) => {
    const withData = options.readData === true || options.subset !== undefined;
    const report = await verify(
      {
        runId: newRecoveryPointId(how.clock.now()),
        repositories: platform.repositories(options.repository),
        ids,
        latest: { source: options.source, host: options.host },
        depth: withData ? 'data' : 'structure',
        subset: options.subset,
        memory: await platform.memory(),
      },
      how,
    );
    const codes = report.repositories.flatMap((one) => one.error?.code ?? []);
    return {
      exitCode: exitCodeOfOutcome(report.outcome, codes),
      document: { verb: 'verify', ...report },
      text: verifyText(report, call.terminal.colors),
    };
  });
}
