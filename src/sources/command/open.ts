import type { Source } from '../source.ts';
import type { CommandSource, OpenCommand } from './command-source.ts';
import { readCommand } from './read.ts';
import { writeCommand } from './write.ts';

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
