/** What a program on another host says on stderr, and what the shell that runs it says there by marks. */
import type { Readable } from 'node:stream';
import { SuretyError } from '../base/errors.ts';
import { openTail } from '../base/streams.ts';
import { openMarkScanner } from './far-marks.ts';

export interface FarReport {
  /** Reads all of it; resolves at its end, also when that comes by force. */
  read(stderr: Readable): Promise<void>;
  /** Resolves to the process group of the program once that begins, and never before. */
  readonly began: Promise<number>;
  /** Resolves to the exit code once that is reported, and never without. */
  readonly exited: Promise<number>;
  hasBegun(): boolean;
  exitCode(): number | undefined;
  /** The last 64 KiB of what the program wrote. */
  stderr(): string;
  /** The end of all that came outside of a program's time: of a login shell, and of what carries the connection. */
  words(): string;
  /** Why the program could not be started, by the shell. */
  problem(program: string, cwd: string | undefined, location: string): SuretyError | undefined;
}

const STDERR_BYTES = 1 << 16;
const WORDS_BYTES = 1 << 14;

/** `said` is told all that the program writes. */
export function openFarReport(prefix: Buffer, said?: (chunk: Uint8Array) => void): FarReport {
  const scanner = openMarkScanner(prefix);
  const tail = openTail(STDERR_BYTES);
  const words = openTail(WORDS_BYTES);
  const began = Promise.withResolvers<number>();
  const exited = Promise.withResolvers<number>();
  let group: number | undefined;
  let code: number | undefined;
  let why: string | undefined;
  let which = '';

  function take(bytes: Uint8Array): void {
    const within = group !== undefined && code === undefined;
    if (within) {
      tail.add(bytes);
      said?.(bytes);
    }
    // A connection that breaks is told of in the middle of the program's own words.
    words.add(bytes);
  }

  function heed(mark: string): void {
    const [what = ''] = mark.split(' ', 1);
    const value = mark.slice(what.length + 1);
    if (what === 'start') {
      group = Number(value);
      began.resolve(group);
    } else if (what === 'exit') {
      code = Number(value);
      exited.resolve(code);
    } else [why, which] = [what, value];
  }

  return {
    ...{ began: began.promise, exited: exited.promise },
    async read(stderr) {
      try {
        for await (const chunk of stderr) {
          for (const piece of scanner.add(chunk as Uint8Array)) 'mark' in piece ? heed(piece.mark) : take(piece.bytes);
        }
      } catch {
        // How it ended is told by the report, or by its absence.
      }
      take(scanner.rest());
    },
    hasBegun: () => group !== undefined,
    exitCode: () => code,
    stderr: () => tail.text(),
    words: () => words.text(),
    problem(program, cwd, location) {
      if (why === 'missing') {
        const hint = `install ${program} there, or give its full path`;
        return new SuretyError('reach.not-found', `program ${program} was not found on ${location}`, { hint });
      }
      if (why === 'denied') {
        return new SuretyError('reach.denied', `program ${program} may not be run by this account on ${location}`);
      }
      if (why === 'unset') return new SuretyError('reach.failed', `variable ${which} is not set on ${location}`);
      if (why === 'unreadable') return new SuretyError('reach.failed', `file ${which} can not be read on ${location}`);
      if (why !== 'folder') return undefined;
      return new SuretyError('reach.not-found', `folder ${cwd} does not exist on ${location}, or may not be entered`);
    },
  };
}
