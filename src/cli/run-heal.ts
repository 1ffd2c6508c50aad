/** Heals repositories: `surety check --repair`. */
import { newRecoveryPointId } from '../base/ids.ts';
import { heal } from '../operations/heal.ts';
import type { Answer, Call } from './call.ts';
import { exitCodeOfOutcome } from './exit-codes.ts';
import { healText } from './render/heal.ts';
import { withSession } from './session.ts';

export interface HealOptions {
  readonly repository?: readonly string[];
  readonly source?: readonly string[];
  readonly readData?: boolean;
  readonly dryRun?: boolean;
}

export async function runHeal(call: Call, options: HealOptions): Promise<Answer> {
  const dryRun = options.dryRun === true;
  return await withSession(call, { record: !dryRun }, async ({ platform, how }) => {
    const report = await heal(
      {
        runId: newRecoveryPointId(how.clock.now()),
        repositories: platform.repositories(options.repository),
        from: platform.repositories(),
        sources: platform.sources(options.source),
        readData: options.readData === true,
        dryRun,
        catalog: await platform.catalog(),
      },
      how,
    );
    const codes = report.repositories.flatMap((one) => one.error?.code ?? []);
    return {
      exitCode: exitCodeOfOutcome(report.outcome, codes),
      document: { verb: 'check --repair', ...report },
      text: healText(report, call.terminal.colors),
    };
  });
}
