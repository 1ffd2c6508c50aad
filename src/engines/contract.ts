/**
 * What every engine has to pass, as named checks. A test file runs them all:
 * `for (const { name, run } of engineContract(make)) test(name, run)`. A check of a verb that the engine's traits do not name passes.
 */
import { backupChecks } from './contract-backups.ts';
import { restoreChecks } from './contract-restores.ts';
import type { EngineUnderTest } from './contract-steps.ts';
import { upkeepChecks } from './contract-upkeep.ts';

export type { EngineUnderTest } from './contract-steps.ts';

export interface EngineCheck {
  readonly name: string;
  readonly run: () => Promise<void>;
}

export function engineContract(make: () => Promise<EngineUnderTest>): readonly EngineCheck[] {
  return Object.entries({ ...backupChecks, ...restoreChecks, ...upkeepChecks }).map(([name, check]) => ({
    name,
    run: async () => {
      await using under = await make();
      await check(under);
    },
  }));
}
