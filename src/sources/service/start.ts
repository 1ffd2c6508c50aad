/** Starts a service, trying again for a while. */
import { messageOf, SuretyError } from '../../base/errors.ts';
import type { StoppableService } from './stoppable.ts';

const ATTEMPTS = 4;
const CHECK_PAUSE_MS = 250;

/** Nothing ends a start but its time-out: an interrupted run has to start what it stopped as well. */
const never = new AbortController().signal;

/** Starts the service and waits until it runs. Throws `service.not-started` after the last attempt. */
export async function startService(service: StoppableService): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await startOnce(service);
      return;
    } catch (error) {
      if (attempt === ATTEMPTS) throw notStarted(service, error);
      await service.clock.sleep(service.pauseMs * 2 ** (attempt - 1), never);
    }
  }
}

async function startOnce(service: StoppableService): Promise<void> {
  const { options, clock } = service;
  const untilMs = clock.elapsedMs() + options.startTimeoutMs;
  const leftMs = () => Math.max(1, untilMs - clock.elapsedMs());
  let failure: unknown;
  try {
    await service.control.start(options.startTimeoutMs);
  } catch (error) {
    // Many start commands fail where there is nothing to start: if it runs, all is well.
    failure = error;
  }
  for (;;) {
    const running = await service.control.runs(leftMs());
    if (running === true || (running === undefined && failure === undefined)) return;
    if (failure !== undefined) throw failure;
    if (clock.elapsedMs() >= untilMs) throw notRunning(service);
    await clock.sleep(Math.min(CHECK_PAUSE_MS, leftMs()), never);
  }
}

function notRunning({ name }: StoppableService): SuretyError {
  return new SuretyError(
    'source.failed',
    `start command of source ${name}: it ended well, but the check command still fails`,
  );
}

function notStarted({ name, control }: StoppableService, cause: unknown): SuretyError {
  const message = `the service of source ${name} WAS STOPPED AND IS NOT RUNNING: ${ATTEMPTS} attempts to start it failed, the last: ${messageOf(cause)}`;
  return new SuretyError('service.not-started', message, {
    hint: `start it by hand now: ${control.byHand()}`,
    cause,
    details: { source: name },
  });
}
