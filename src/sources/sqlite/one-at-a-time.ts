/** Two processes that put something in the place of one database must not do so at once. */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { basename, dirname } from 'node:path';
import { systemClock } from '../../base/clock.ts';
import { SuretyError, systemCode } from '../../base/errors.ts';

const AGAIN_MS = 20;
/** Old content is merged meanwhile, which takes as long as it is large. */
const PATIENCE_MS = 60_000;

/**
 * Waits until nobody on this machine holds the place, and holds it until it is disposed of. The lock is a socket without a file, which ends
 * with its process (Linux, unix(7) "abstract"); where there are none, nobody is kept out. Throws `source.locked`.
 */
export async function holdPlace(path: string, signal: AbortSignal): Promise<AsyncDisposable> {
  if (process.platform !== 'linux') return { [Symbol.asyncDispose]: async () => {} };
  const untilMs = systemClock.elapsedMs() + PATIENCE_MS;
  for (;;) {
    const server = await listenAt(nameOf(path));
    if (server !== undefined) return { [Symbol.asyncDispose]: () => closed(server) };
    if (systemClock.elapsedMs() > untilMs) {
      throw new SuretyError('source.locked', `another restore puts its database in the place of ${path}`, {
        hint: 'wait until it is done, then restore again',
        retry: 'later',
      });
    }
    await systemClock.sleep(AGAIN_MS, signal);
  }
}

/** The same for every way to the folder, and for every user. */
function nameOf(path: string): string {
  const { dev, ino } = statSync(dirname(path), { bigint: true });
  const place = `${dev} ${ino} ${basename(path)}`;
  return `\0surety-restore-${createHash('sha256').update(place).digest('hex').slice(0, 32)}`;
}

function listenAt(name: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((caller) => caller.destroy());
    server.once('error', (error) => (systemCode(error) === 'EADDRINUSE' ? resolve(undefined) : reject(error)));
    server.listen(name, () => resolve(server));
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
