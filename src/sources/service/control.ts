/** How a service is stopped and started: by commands, or by scaling what runs in a cluster. */
import { shownCommand } from '../../base/command-line.ts';
import { SuretyError } from '../../base/errors.ts';
import { limitTime } from '../../base/time-limit.ts';
import { shownWorkload } from '../../base/workload.ts';
import type { Workloads } from '../../reach/reach.ts';
import { runCommand } from '../run-command.ts';
import type { CommandWay, ScaleWay, ServiceOptions } from './options.ts';
import type { Control, ServiceGround } from './stoppable.ts';

/** Nothing ends a start but its time-out: an interrupted run has to start what it stopped as well. */
const never = new AbortController().signal;

export function controlOf(service: ServiceGround): Control {
  const { options } = service;
  return options.scale === undefined ? byCommands(service, options) : byScaling(service, options);
}

function byCommands(
  service: ServiceGround,
  { stop, start, check, stopTimeoutMs }: ServiceOptions & CommandWay,
): Control {
  return {
    replicas: async () => undefined,
    stop: (signal) => runCommand(stop, { ...service.how('stop command', signal), timeoutMs: stopTimeoutMs }),
    start: (timeoutMs) => runCommand(start, { ...service.how('start command', never), timeoutMs }),
    async runs(timeoutMs) {
      if (check === undefined) return undefined;
      try {
        await runCommand(check, { ...service.how('check command', never), timeoutMs });
        return true;
      } catch {
        return false;
      }
    },
    byHand: () => shownCommand(start),
  };
}

function byScaling(service: ServiceGround, { scale, stopTimeoutMs }: ServiceOptions & ScaleWay): Control {
  const former = (): number | undefined => service.record.find()?.replicas;
  const scaleTo = async (replicas: number, timeoutMs: number, signal: AbortSignal): Promise<void> => {
    let state = '';
    const tell = (now: string): void => {
      state = `: ${now}`;
    };
    const slow = (): Error => new SuretyError('source.failed', `that took longer than ${timeoutMs / 1000} s${state}`);
    using limit = limitTime(signal, timeoutMs, slow);
    await workloadsOf(service).scale(scale, replicas, { signal: limit.signal, tell });
  };
  return {
    replicas: (signal) => workloadsOf(service).replicas(scale, { signal }),
    stop: (signal) => scaleTo(0, stopTimeoutMs, signal),
    async start(timeoutMs) {
      const replicas = former();
      if (replicas === undefined) throw new SuretyError('source.failed', 'it is not known how many pods it had');
      await scaleTo(replicas, timeoutMs, never);
    },
    runs: async () => undefined,
    byHand: () => `kubectl scale ${shownWorkload(scale)} --replicas=${former() ?? 'N'}`,
  };
}

function workloadsOf({ name, reach }: ServiceGround): Workloads {
  if (reach.workloads !== undefined) return reach.workloads;
  const message = `source ${name} is to be scaled, but host ${reach.traits.host} is in no cluster`;
  throw new SuretyError('source.failed', message, { hint: 'name a Kubernetes host with host:' });
}
