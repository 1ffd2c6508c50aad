import { type Clock, systemClock } from '../../base/clock.ts';
import type { Reach } from '../../reach/reach.ts';
import type { CommandHow } from '../run-command.ts';
import type { Source } from '../source.ts';
import type { ServiceOptions } from './options.ts';
import { type OutageRecord, outageRecord } from './record.ts';
import { stoppedSource } from './stopped-source.ts';

export interface OpenService {
  /** The source's name in the configuration. */
  readonly name: string;
  /** Where the commands run. */
  readonly reach: Reach;
  /** The folder the commands run in. */
  readonly baseDir: string;
  readonly options: ServiceOptions;
  /** What is read and written while the service is stopped. Closed with this one. */
  readonly source: Source;
  /** File of this service that says that it is stopped; the folder is made when needed. */
  readonly recordFile: string;
  /** Taken while the service is stopped; throws `run.busy` while another process has it. */
  readonly lock: () => Disposable;
  readonly clock?: Clock;
  /** Before the second attempt to start; it doubles with each further one. Default 1000. */
  readonly pauseMs?: number;
}

/** A service with its defaults filled in. */
export interface StoppableService extends OpenService {
  readonly record: OutageRecord;
  readonly clock: Clock;
  readonly pauseMs: number;
  /** How one of its commands is run, without a time-out. */
  how(doing: string, signal: AbortSignal): CommandHow;
}

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
