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
export interface ServiceGround extends ServiceSetup {
  readonly record: OutageRecord;
  readonly clock: Clock;
  readonly pauseMs: number;
  /** How one of its commands is run, without a time-out. */
  how(doing: string, signal: AbortSignal): CommandHow;
}

export interface StoppableService extends ServiceGround {
  readonly control: Control;
}

/** How it is stopped and started. */
export interface Control {
  /** How many pods it has, which has to be remembered to start it again; undefined for what commands start. */
  replicas(signal: AbortSignal): Promise<number | undefined>;
  stop(signal: AbortSignal): Promise<void>;
  start(timeoutMs: number): Promise<void>;
  /** Whether it runs; undefined where there is nothing to ask, and a start that ended well is enough. */
  runs(timeoutMs: number): Promise<boolean | undefined>;
  /** The command for people that starts it. */
  byHand(): string;
}
