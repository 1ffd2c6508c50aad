import { Command } from 'commander';
import { newRecoveryPointId } from '../../base/ids.ts';
import { rebuildIndex } from '../../operations/rebuild-index.ts';
import type { Act, Answer, Call } from '../call.ts';
import { EXIT } from '../exit-codes.ts';
import { oneRepository } from '../one-repository.ts';
import { count, firstOf } from '../render.ts';
import { withSession } from '../session.ts';

interface RepairOptions {
  readonly repository?: string;
}

export function repairCommand(act: Act): Command {
  const index = new Command('index')
    .summary("make a repository's index anew")
    .description("Makes a repository's index anew from what its packs say about themselves.")
    .option('--repository <name>', 'the repository; needed when there are several')
    .action(act(runRepairIndex));
  return new Command('repair').summary('mend a damaged repository').addCommand(index);
}

async function runRepairIndex(call: Call, options: RepairOptions): Promise<Answer> {
  return await withSession(call, { record: true }, async ({ platform, how }) => {
    const repository = oneRepository(platform, options.repository);
    const report = await rebuildIndex({ repository, runId: newRecoveryPointId(how.clock.now()) }, how);
    const partial = report.unreadable.length > 0;
    const lines = report.unreadable.map((pack) => `unreadable: ${pack}`);
    return {
      exitCode: partial ? EXIT.warnings : EXIT.ok,
      document: { verb: 'repair index', outcome: partial ? 'warnings' : 'ok', repository: repository.name, ...report },
      text:
        `${repository.name}: the index was made anew from ${count(report.packs, 'pack')}\n` +
        `${firstOf(lines, lines.length, '  ')}Next: \`surety verify\` tells whether all is there.\n`,
    };
  });
}
