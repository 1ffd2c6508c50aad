import type { CommandLine } from '../../base/command-line.ts';
import type { Reach } from '../../reach/reach.ts';
import type { CommandHow } from '../run-command.ts';
import type { Source } from '../source.ts';
import type { CommandOptions } from './options.ts';
import { readCommand } from './read.ts';
import { writeCommand } from './write.ts';

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

/** The output of a command as a source: one file. Nothing is run yet. */
export function openCommand(setup: OpenCommand): Source {
  const { name, reach, baseDir, options, env, hide } = setup;
  const source: CommandSource = {
    ...setup,
    fileName: options.fileName ?? `${name}.out`,
    restore: options.restore,
    how: (doing, signal) => ({
      reach,
      signal,
      doing: `${doing} of source ${name}`,
      timeoutMs: options.timeoutMs,
      hide,
      env,
      // A folder of this machine means nothing elsewhere.
      ...(reach.traits.localFiles ? { cwd: baseDir } : {}),
    }),
  };
  return {
    traits: { name, kind: 'command', restoresIntoServer: true },
    read: (how) => readCommand(source, how),
    write: (restoring, how) => writeCommand(source, restoring, how),
    locate: () => undefined,
    async [Symbol.asyncDispose]() {},
  };
}
