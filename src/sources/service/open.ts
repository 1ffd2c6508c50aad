import { systemClock } from '../../base/clock.ts';
import type { Source } from '../source.ts';
import { outageRecord } from './record.ts';
import type { OpenService } from './stoppable.ts';
import { stoppedSource } from './stopped-source.ts';

const PAUSE_MS = 1000;

/**
 * A source that is read, and restored to its place, while what uses it is stopped. To everybody else it is the source inside: kind, paths
 * and facts are of that one.
 */
export function openService(setup: OpenService): Source {
  const { name, reach, baseDir, recordFile } = setup;
  return stoppedSource({
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
  });
}
