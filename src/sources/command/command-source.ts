import type { CommandLine } from '../../base/command-line.ts';
import type { Reach } from '../../reach/reach.ts';
import type { CommandHow } from '../run-command.ts';
import type { CommandOptions } from './options.ts';

export interface OpenCommand {
  /** The source's name in the configuration. */
  readonly name: string;
  readonly reach: Reach;
  /** The folder the commands run in. */
  readonly baseDir: string;
  readonly options: CommandOptions;
  /** The variables of the options, fetched. */
  readonly env: Readonly<Record<string, string>>;
  /** Values that must not be in an error, whatever a command says. */
  readonly hide: readonly string[];
}

/** A command source with its defaults filled in. */
export interface CommandSource extends OpenCommand {
  /** Name of its one file in snapshots. */
  readonly fileName: string;
  /** How one of its commands is run; `doing` as in {@link CommandHow}. */
  how(doing: string, signal: AbortSignal): CommandHow;
  readonly restore: CommandLine | undefined;
}
