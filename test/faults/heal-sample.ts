import type { Engine, HealReport } from '../../src/engines/engine.ts';

const how = { signal: new AbortController().signal, warn: () => {}, dryRun: false };

/** Heals one repository from another, of what is suspected there. */
export async function healSample(engine: Engine, from: Engine, suspects: readonly string[]): Promise<HealReport> {
  return await engine.heal!({ ...how, suspects, from: [{ name: 'repository other', open: async () => from }] });
}
