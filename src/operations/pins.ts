/** Which snapshots of a repository are pinned, as the repository itself has it: every machine sees the same. */
import type { Engine, Snapshot } from '../engines/engine.ts';
import { type ActivePin, activePins } from '../rules/pins.ts';

export type Pins = ReadonlyMap<string, readonly ActivePin[]>;

/** By the ids of the snapshots. Throws what the store throws: where pins can not be listed, nobody knows that there is none. */
export async function pinsOf(
  engine: Engine,
  snapshots: readonly Snapshot[],
  { signal, now }: { readonly signal: AbortSignal; readonly now: Date },
): Promise<Pins> {
  if (engine.pins === undefined || snapshots.length === 0) return new Map();
  return activePins(await engine.pins.list({ signal }), snapshots, now);
}
