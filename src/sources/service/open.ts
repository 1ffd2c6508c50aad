import { systemClock } from '../../base/clock.ts';
import { hasCode } from '../../base/errors.ts';
import type { Source } from '../source.ts';
import { controlOf } from './control.ts';
import { lockService, startLeft } from './outage.ts';
import { outageRecord } from './record.ts';
import type { ServiceGround, ServiceSetup, StoppableService } from './stoppable.ts';
import { stoppedSource } from './stopped-source.ts';

const PAUSE_MS = 1000;

/**
 * A source that is read, and restored to its place, while what uses it is stopped. To everybody else it is the source inside: kind, paths
 * and facts are of that one. `source` is closed with the one that is returned.
 */
export function openService(setup: ServiceSetup & { readonly source: Source }): Source {
  return stoppedSource(stoppable(setup), setup.source);
}

/**
 * Starts the service if a run that was killed left it stopped. Returns a sentence about that; undefined where there was nothing to
 * do, or another process is at it. Throws `service.not-started`.
 */
export async function startIfLeft(setup: ServiceSetup): Promise<string | undefined> {
  const service = stoppable(setup);
  if (service.record.find() === undefined) return undefined;
  try {
    using _ = lockService(service);
    return await startLeft(service);
  } catch (error) {
    if (hasCode(error, 'run.busy')) return undefined;
    throw error;
  }
}

function stoppable(setup: ServiceSetup): StoppableService {
  const { name, reach, baseDir, recordFile } = setup;
  const ground: ServiceGround = {
    ...setup,
    record: outageRecord(name, recordFile),
    clock: setup.clock ?? systemClock,
    pauseMs: setup.pauseMs ?? PAUSE_MS,
    how: (doing, signal) => ({
      reach,
      signal,
      doing: `${doing} of source ${name}`,
      timeoutMs: undefined,
      // A folder of this machine means nothing elsewhere.
      ...(reach.traits.localFiles ? { cwd: baseDir } : {}),
    }),
  };
  return { ...ground, control: controlOf(ground) };
}
