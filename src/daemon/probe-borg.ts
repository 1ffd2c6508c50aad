import type { Engine } from '../engines/engine.ts';
import type { PlaceProbe } from '../operations/check.ts';

/** What `surety check` asks of a borg repository: whether it can be locked, and so written. Its host need not let in anything but borg. */
export function probeBorg(
  open: (how: { readonly signal: AbortSignal }) => Promise<Engine>,
  store: PlaceProbe,
  isHere: boolean,
): PlaceProbe {
  return {
    async write(how) {
      await (await open(how)).unlock({ ...how, all: false });
    },
    freeBytes: async (how) => (isHere ? await store.freeBytes(how) : undefined),
  };
}
