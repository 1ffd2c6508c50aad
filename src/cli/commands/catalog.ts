import { Command } from 'commander';
import { SuretyError } from '../../base/errors.ts';
import { rebuildCatalog } from '../../operations/rebuild-catalog.ts';
import type { Act, Answer, Call } from '../call.ts';
import { exitCodeOfOutcome } from '../exit-codes.ts';
import { count } from '../render.ts';
import { withSession } from '../session.ts';

export function catalogCommand(act: Act): Command {
  const rebuild = new Command('rebuild')
    .summary('write the catalog anew from the repositories')
    .description("Writes the catalog's part about snapshots anew from what the repositories hold.")
    .action(act(runRebuild));
  return new Command('catalog').summary('the memory of what ran and what exists').addCommand(rebuild);
}

async function runRebuild(call: Call): Promise<Answer> {
  return await withSession(call, { record: false }, async ({ platform }) => {
    const catalog = await platform.catalog();
    if (catalog === undefined) {
      throw new SuretyError('catalog.failed', 'the catalog can not be opened', {
        hint: 'see the warning above; its folder is below XDG_STATE_HOME',
      });
    }
    const report = await rebuildCatalog({ catalog, repositories: platform.repositories() }, call);
    const lines = report.repositories.map(({ repository, snapshots, unreadable, error }) => {
      if (error !== undefined) return `${repository}: failed: ${error.message}\n`;
      return `${repository}: ${count(snapshots, 'snapshot')}${unreadable.length === 0 ? '' : `, ${unreadable.length} unreadable`}\n`;
    });
    const codes = report.repositories.flatMap((one) => one.error?.code ?? []);
    return {
      exitCode: exitCodeOfOutcome(report.outcome, codes),
      document: { verb: 'catalog rebuild', ...report },
      text: `${lines.join('')}catalog: ${catalog.traits.location}\n`,
    };
  });
}
