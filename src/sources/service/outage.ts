/** The time in which a service is stopped. However it ends, the service is started. */
import { messageOf, SuretyError } from '../../base/errors.ts';
import { keepAlive } from '../keep-alive.ts';
import type { Warning } from '../source.ts';
import { startService } from './start.ts';
import type { StoppableService } from './stoppable.ts';

export interface OutageHow {
  readonly signal: AbortSignal;
  readonly warn: (warning: Warning) => void;
  /** As of a reading: stopping and starting is work that nothing else shows. */
  readonly alive?: (() => void) | undefined;
}

export interface Outage extends AsyncDisposable {
  /** Starts the service. Returns how long it was stopped, in milliseconds. Throws `service.not-started`. */
  end(): Promise<number>;
  /** The same because of a failure. Returns the error to throw: that of the failure, unless the service could not be started. */
  endAfter(failure: unknown): Promise<unknown>;
}

/**
 * Stops the service. A record on disk says so from before until it runs again: what a killed run left stopped is started here first,
 * with a warning. Throws `run.busy` while another process has it stopped.
 */
export async function beginOutage(service: StoppableService, how: OutageHow): Promise<Outage> {
  return await keepAlive(stop(service, how), how.alive);
}

async function stop(service: StoppableService, how: OutageHow): Promise<Outage> {
  using opening = new DisposableStack();
  opening.use(lockService(service));
  const left = await startLeft(service);
  if (left !== undefined) how.warn({ code: 'service.left-stopped', path: '', message: left });
  how.signal.throwIfAborted();
  service.record.write(service.clock.now(), await service.control.replicas(how.signal));
  const outage = openOutage(service, opening.move(), how.alive);
  try {
    await service.control.stop(how.signal);
  } catch (error) {
    // What it has done before it failed nobody knows.
    throw await outage.endAfter(error);
  }
  return outage;
}

/** Held while the service is stopped. Throws `run.busy` while another process has it. */
export function lockService({ name, lock }: StoppableService): Disposable {
  try {
    return lock();
  } catch (error) {
    if (error instanceof SuretyError) throw error;
    const message = `the service of source ${name} is left alone: it could not be locked against other runs`;
    throw new SuretyError('source.failed', `${message}: ${messageOf(error)}`, { cause: error });
  }
}

/** Starts what a killed run left stopped; call it with the lock. Returns a sentence about it; undefined: nothing was left. */
export async function startLeft(service: StoppableService): Promise<string | undefined> {
  const left = service.record.find();
  if (left === undefined) return undefined;
  const running = (await service.control.runs(service.options.startTimeoutMs)) === true;
  if (!running) await startService(service);
  service.record.remove();
  const now = running ? 'it runs again' : 'it was started now';
  return `a run that was killed had left the service stopped (at ${left.since}); ${now}`;
}

function openOutage(service: StoppableService, held: DisposableStack, alive: OutageHow['alive']): Outage {
  const sinceMs = service.clock.elapsedMs();
  let ended = false;
  async function end(): Promise<number> {
    ended = true;
    using _ = held;
    await keepAlive(startService(service), alive);
    service.record.remove();
    return Math.round(service.clock.elapsedMs() - sinceMs);
  }
  return {
    end,
    async endAfter(failure) {
      try {
        await end();
        return failure;
      } catch (error) {
        return worse(error, failure);
      }
    },
    async [Symbol.asyncDispose]() {
      if (!ended) await end();
    },
  };
}

/** That the service is down comes first; why its source failed before is part of it. */
function worse(error: unknown, failure: unknown): unknown {
  if (!(error instanceof SuretyError)) return error;
  const { code, message, hint, details } = error;
  return new SuretyError(code, `${message}; before that: ${messageOf(failure)}`, { hint, details, cause: error });
}
