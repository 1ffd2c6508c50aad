import { SuretyError } from '../../../base/errors.ts';
import { randomHex } from '../../../base/ids.ts';
import type { Process, Reach } from '../../../reach/reach.ts';
import type { FilesOptions } from '../options.ts';
import { lookUpOwners } from './far-owners.ts';
import { listScript } from './list-script.ts';
import { type FarHead, ListingParser } from './listing-parser.ts';
import { noteTroubles, type StrayTrouble } from './listing-troubles.ts';
import type { Start } from './starts.ts';

export interface ListingHow {
  /** Name of the source, for messages. */
  readonly source: string;
  readonly reach: Reach;
  /** The folder in which commands begin; undefined: the one that the host chooses. */
  readonly folder: string | undefined;
  readonly starts: readonly Start[];
  readonly options: FilesOptions;
  readonly prune: readonly string[];
  readonly signal: AbortSignal;
  /** Called as something comes: a large tree takes its time. */
  readonly alive?: (() => void) | undefined;
  /** Paths of which is told what is there, each with a NUL behind it. */
  readonly names?: AsyncIterable<Uint8Array> | undefined;
}

/** File trees of another host, listed by one command. */
export interface Listing {
  /** Resolves when it is known what the starts are; the rest is still on its way. */
  readonly begun: Promise<ListingParser & { readonly head: FarHead }>;
  /** Resolves when everything is there, and is whole. */
  readonly whole: Promise<WholeListing>;
}

export interface WholeListing {
  readonly parser: ListingParser & { readonly head: FarHead };
  /** What was said of files that are not in the listing. */
  readonly strays: readonly StrayTrouble[];
  readonly owners: { user(uid: number): string; group(gid: number): string };
}

/**
 * Begins to list. Both promises reject with what the way to the host says, `source.tool-missing` where nothing there can list, and
 * `source.failed` for a listing that broke off: half of one is none.
 */
export function list(how: ListingHow): Listing {
  const nonce = randomHex(16);
  const parser = new ListingParser(how.starts, nonce);
  const argv = ['sh', '-c', listScript({ ...how, nonce, isNaming: how.names !== undefined })];
  const stdin = how.names === undefined ? {} : { stdin: how.names };
  const process = how.reach.exec(argv, { signal: how.signal, cwd: how.folder, ...stdin });
  const begun = Promise.withResolvers<ListingParser & { readonly head: FarHead }>();
  const whole = take(process, parser, how, begun.resolve);
  begun.promise.catch(() => {});
  whole.catch(begun.reject);
  return { begun: begun.promise, whole };
}

type Begun = ListingParser & { readonly head: FarHead };

async function take(
  process: Process,
  parser: ListingParser,
  how: ListingHow,
  onBegun: (parser: Begun) => void,
): Promise<WholeListing> {
  let isTold = false;
  for await (const chunk of process.stdout) {
    parser.add(chunk);
    how.alive?.();
    if (parser.head?.variant === 'none') throw noMeans(how);
    if (isTold || !parser.isBegun) continue;
    isTold = true;
    onBegun(parser as Begun);
  }
  const exit = await process.exit;
  how.signal.throwIfAborted();
  if (exit.error !== undefined) throw exit.error;
  if (!parser.isComplete || exit.code !== 0) throw brokenOff(how, process.stderr(), exit.code);
  const strays = noteTroubles(parser, how.starts);
  return { parser: parser as Begun, strays, owners: await lookUpOwners(parser as Begun, how) };
}

function noMeans({ source, reach }: ListingHow): SuretyError {
  return new SuretyError(
    'source.tool-missing',
    `files of source ${source} can not be listed on host ${reach.traits.host}: there is neither a find with -printf or -exec, nor python3`,
    { hint: 'install findutils or python3 there' },
  );
}

function brokenOff({ source, reach }: ListingHow, said: string, code: number | null): SuretyError {
  const words = said.trim().split('\n').at(-1) ?? '';
  return new SuretyError(
    'source.failed',
    `the listing of source ${source} on host ${reach.traits.host} broke off${words === '' ? '' : `: ${words}`}`,
    {
      hint: 'run it again; if it stays so, look at the connection and the shell there',
      details: { code: code ?? 'none' },
    },
  );
}
