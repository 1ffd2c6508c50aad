import { systemClock } from '../../base/clock.ts';
import { SuretyError } from '../../base/errors.ts';
import { dumpEntry } from '../dump-entry.ts';
import { commandOutput } from '../run-command.ts';
import { warnIfShrunk } from '../shrunk.ts';
import type { Content, Entry, ReadHow, Reading, SourceFacts, Xattr } from '../source.ts';
import type { CommandSource } from './command-source.ts';
import { type OutputWatch, watchOutput } from './watch-output.ts';

/** The command is run when its output is asked for. */
export async function readCommand(source: CommandSource, how: ReadHow): Promise<Reading> {
  how.signal.throwIfAborted();
  return new CommandReading(source, how);
}

class CommandReading implements Reading {
  readonly host: string;
  readonly paths: readonly string[];
  readonly #source: CommandSource;
  readonly #how: ReadHow;
  readonly #signal: AbortSignal;
  readonly #closing = new AbortController();
  readonly #entry: Entry;
  readonly #watch: OutputWatch;
  #running: AsyncGenerator<Uint8Array, void, undefined> | undefined;
  #failure: unknown;
  #whole = false;

  constructor(source: CommandSource, how: ReadHow) {
    this.#source = source;
    this.#how = how;
    this.#signal = AbortSignal.any([how.signal, this.#closing.signal]);
    this.host = source.reach.traits.host;
    this.paths = [source.fileName];
    this.#entry = dumpEntry(source.fileName, systemClock.now());
    this.#watch = watchOutput(source.options.expect);
  }

  async *entries(): AsyncIterable<readonly Entry[]> {
    yield [this.#entry];
  }

  xattrs(entries: readonly Entry[]): readonly (readonly Xattr[])[] {
    return entries.map(() => []);
  }

  *content(entries: readonly Entry[]): Iterable<Content> {
    for (const _ of entries) {
      this.#running ??= this.#run();
      yield { kind: 'stream', chunks: this.#running };
    }
  }

  async *#run(): AsyncGenerator<Uint8Array, void, undefined> {
    const { options, how } = this.#source;
    try {
      for await (const chunk of commandOutput(options.backup, how('backup command', this.#signal))) {
        this.#watch.see(chunk);
        yield chunk;
      }
      this.#whole = true;
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  async finish(): Promise<SourceFacts> {
    if (this.#failure !== undefined) throw this.#failure;
    const { options, name } = this.#source;
    const sizeBytes = this.#watch.sizeBytes();
    if (!this.#whole) throw incomplete(name, 'was not read to its end');
    if (sizeBytes === 0 && !options.allowEmpty) {
      throw incomplete(name, 'is empty, though its command ended well', 'set allow_empty: true if that may be');
    }
    const problem = this.#watch.problem();
    if (problem !== undefined) throw incomplete(name, `is not what is expected: ${problem}`);
    const facts: SourceFacts = { kind: 'command', versions: {}, files: 1, sizeBytes };
    warnIfShrunk(this.#entry.path, facts, this.#how);
    return facts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#running?.return().catch(() => {});
  }
}

function incomplete(
  source: string,
  problem: string,
  alternative = 'change expect if it may be like that',
): SuretyError {
  return new SuretyError('source.incomplete', `the output of the backup command of source ${source} ${problem}`, {
    hint: `run the command by hand and look at its output; ${alternative}`,
    details: { source },
  });
}
