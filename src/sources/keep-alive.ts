/** Work that shows in no entry and no byte is not to look stalled. */

/** Less than the shortest time that anybody would call a stall. */
const EVERY_MS = 1000;

/** Awaits the work and calls `alive` now and then until it ends; with `goesOn`, only while that finds a sign of it. */
export async function keepAlive<Result>(
  work: Promise<Result>,
  alive: (() => void) | undefined,
  goesOn: () => Promise<boolean> = async () => true,
): Promise<Result> {
  if (alive === undefined) return await work;
  const timer = setInterval(() => {
    goesOn().then(
      (is) => is && alive(),
      () => {},
    );
  }, EVERY_MS);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}
