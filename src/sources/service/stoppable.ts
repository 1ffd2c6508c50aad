import type { Clock } from '../../base/clock.ts';
import type { Reach } from '../../reach/reach.ts';
import type { CommandHow } from '../run-command.ts';
import type { ServiceOptions } from './options.ts';
import type { OutageRecord } from './record.ts';

export interface ServiceSetup {
  /** The source's name in the configuration. */
  readonly name: string;
  /** Where the commands run. */
  readonly reach: Reach;
  /** The folder the commands run in. Undefined: the one in which commands begin there. */
  readonly baseDir: string | undefined;
  readonly options: ServiceOptions;
  /** File of this service that says that it is stopped; the folder is made when needed. */
  readonly recordFile: string;
  /** Taken while the service is stopped; throws `run.busy` while another process has it. */
  readonly lock: () => Disposable;
  readonly clock?: Clock;
  /** Before the second attempt to start; it doubles with each further one. Default 1000. */
  readonly pauseMs?: number;
}

/** A service with its defaults filled in. */
export interface StoppableService extends ServiceSetup {
  readonly record: OutageRecord;
  readonly clock: Clock;
  readonly pauseMs: number;
  /** How one of its commands is run, without a time-out. */
  how(doing: string, signal: AbortSignal): CommandHow;
}
