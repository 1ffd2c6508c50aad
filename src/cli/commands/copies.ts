import { Command } from 'commander';
import { provenCopies } from '../../operations/proven-copies.ts';
import type { Act, Answer, Call } from '../call.ts';
import { copiesRequest } from '../copies-request.ts';
import { exitCodeOfOutcome } from '../exit-codes.ts';
import { copiesDocument, copiesText } from '../render/copies.ts';
import { repeated } from '../repeated.ts';
import { withSession } from '../session.ts';

interface CopiesOptions {
  readonly source?: readonly string[];
  readonly repository?: readonly string[];
  readonly check?: boolean;
}

export function copiesCommand(act: Act): Command {
  return new Command('copies')
    .summary('how many proven copies there are, on what and where (3-2-1)')
    .description(
      'Shows of each source how many copies there are that were proven to be good, on how many media, how many of them off-site and under ' +
        'how many administrators. Exit code 3: the rule under `copies` in the configuration is broken.',
    )
    .option('--source <name>', 'only this source (repeatable)', repeated)
    .option('--repository <name>', 'count only what is in this repository (repeatable)', repeated)
    .option('--check', 'ask the repositories; default: what this machine remembers of them')
    .action(act(runCopies));
}

async function runCopies(call: Call, { source, repository, check = false }: CopiesOptions): Promise<Answer> {
  return await withSession(call, { record: false, impatient: true }, async ({ platform }) => {
    const request = await copiesRequest(platform, { sources: source, repositories: repository, check }, call);
    const report = await provenCopies(request, call);
    return {
      exitCode: exitCodeOfOutcome(report.outcome),
      document: copiesDocument(report),
      text: copiesText(report, call.terminal.colors),
    };
  });
}
