/** Does pieces of work that wait for one another, as many at once as are allowed. */

export interface Piece {
  readonly name: string;
  /** Names of pieces that must have ended before this one begins; they come earlier in the list. */
  readonly waitsFor: readonly string[];
}

/** Begins each piece as soon as it may, the earlier ones first. `work` must not throw: what fails holds nobody up. */
export async function runInOrder<One extends Piece>(
  pieces: readonly One[],
  parallel: number,
  work: (piece: One) => Promise<void>,
): Promise<void> {
  const waiting = new Set(pieces);
  const open = new Set(pieces.map(({ name }) => name));
  const running = new Set<Promise<void>>();
  const begin = (piece: One) => {
    waiting.delete(piece);
    const ended = work(piece).then(() => {
      open.delete(piece.name);
      running.delete(ended);
    });
    running.add(ended);
  };
  while (waiting.size > 0 || running.size > 0) {
    for (const piece of waiting) {
      if (running.size >= parallel) break;
      if (!piece.waitsFor.some((name) => open.has(name))) begin(piece);
    }
    await Promise.race(running);
  }
}
