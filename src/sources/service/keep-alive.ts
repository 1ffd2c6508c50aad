const EVERY_MS = 1000;

/** Says now and then that work goes on, until it is disposed of: for work with a time-out of its own. */
export function keepAlive(alive: (() => void) | undefined): Disposable {
  const timer = alive === undefined ? undefined : setInterval(alive, EVERY_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
