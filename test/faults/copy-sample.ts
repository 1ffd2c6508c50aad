import type { CopyResult, Engine } from '../../src/engines/engine.ts';

const how = { signal: new AbortController().signal, warn: () => {} };

/** Copies all snapshots as they are stored, oldest first. */
export async function copyAll(from: Engine, to: Engine): Promise<CopyResult[]> {
  await using copying = (await to.copyFrom!(from, how))!;
  const results: CopyResult[] = [];
  for (const snapshot of (await from.list(how)).snapshots) results.push((await copying.copy(snapshot, {}))!);
  return results;
}
