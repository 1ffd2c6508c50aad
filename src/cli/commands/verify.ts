import { Command, Option } from 'commander';
import { SuretyError } from '../../base/errors.ts';
import { newRecoveryPointId } from '../../base/ids.ts';
import { verify } from '../../operations/verify.ts';
import type { Act, Answer, Call } from '../call.ts';
import { exitCodeOfOutcome } from '../exit-codes.ts';
import { positiveInteger, type Subset, subset } from '../parse-option.ts';
import { verifyText } from '../render/verify.ts';
import { repeated } from '../repeated.ts';
import { withSession } from '../session.ts';

interface VerifyOptions {
  readonly repository?: readonly string[];
  readonly source?: string;
  readonly host?: string;
  readonly days?: number;
  readonly readData?: boolean;
  readonly subset?: Subset;
}

const DAY_MS = 86_400_000;

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
    .addOption(
      new Option('--days [number]', 'only the snapshots of the last so many days (7 when no number is given)')
        .preset('7')
        .argParser(positiveInteger),
    )
    .option('--read-data', 'read and check every stored byte')
    .option('--subset <part>', 'read only a part of the data: 1/5, 10% or 2GiB (implies --read-data)', subset)
    .action(act(runVerify));
}

async function runVerify(call: Call, ids: readonly string[], options: VerifyOptions): Promise<Answer> {
  if (ids.length > 0 && options.days !== undefined) {
    throw new SuretyError('usage.conflict', 'ids and --days were given', { hint: 'leave one of them out' });
  }
  return await withSession(call, { record: true }, async ({ platform, how }) => {
    const { days } = options;
    const withData = options.readData === true || options.subset !== undefined;
    const report = await verify(
      {
        runId: newRecoveryPointId(how.clock.now()),
        repositories: platform.repositories(options.repository),
        ids,
        since: days === undefined ? undefined : new Date(how.clock.now().getTime() - days * DAY_MS),
        latest: { source: options.source, host: options.host, here: platform.ownHosts },
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
