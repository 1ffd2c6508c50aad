/** Reads a dump to its end and says whether it is whole. */
import { hasCode, messageOf } from '../../base/errors.ts';
import { openEnds } from '../../rules/dump-ends.ts';
import { type DumpEnds, dumpKind, dumpProblem } from '../../rules/dump-trailer.ts';
import { type UnpackHow, unpack } from './unpack.ts';

export interface Completeness {
  /** Why it is not whole, as in `the file …`; undefined when nothing is wrong with it. */
  readonly problem: string | undefined;
  /** What could not be told, as in `the file …`. */
  readonly unchecked: string | undefined;
  /** What made the dump, as it says itself: `{ postgres: '15.14', pg_dump: '15.14' }`. */
  readonly versions: Readonly<Record<string, string>>;
}

export interface CompletenessHow extends UnpackHow {
  readonly alive: () => void;
}

/** Throws only the signal's reason. */
export async function completeness(path: string, how: CompletenessHow): Promise<Completeness> {
  const nothing = { problem: undefined, unchecked: undefined, versions: {} };
  try {
    const { packing, chunks } = await unpack(path, how);
    return judgeEnds(await bothEnds(chunks, how.alive), packing);
  } catch (error) {
    how.signal.throwIfAborted();
    if (hasCode(error, 'source.tool-missing')) {
      return { ...nothing, unchecked: notUnpacked(String(error.details.program)) };
    }
    return { ...nothing, problem: notToItsEnd(messageOf(error)) };
  }
}

export function notUnpacked(program: string): string {
  return `could not be unpacked to look at its end: ${program} is not installed`;
}

export function notToItsEnd(why: string): string {
  return `can not be unpacked to its end: ${why}`;
}

/** What both ends tell of a dump. `packing` is what it was unpacked from, if anything. */
export function judgeEnds(ends: DumpEnds, packing: string | undefined): Completeness {
  const problem = dumpProblem(ends) ?? tarProblem(ends);
  return { problem, unchecked: uncheckedIn(ends, packing), versions: versionsIn(ends.head) };
}

async function bothEnds(chunks: AsyncIterable<Uint8Array>, alive: () => void): Promise<DumpEnds> {
  const ends = openEnds();
  for await (const chunk of chunks) {
    ends.add(chunk);
    alive();
  }
  return ends.ends();
}

const TAR_MAGIC_AT = 257;
const TAR_END_BYTES = 1024;

/** A tar archive ends with two empty blocks. */
function tarProblem({ head, tail }: DumpEnds): string | undefined {
  if (!isTar(head)) return undefined;
  const whole = tail.length >= TAR_END_BYTES && tail.subarray(-TAR_END_BYTES).every((byte) => byte === 0);
  return whole ? undefined : 'is cut off: it lacks the empty blocks at the end of a tar archive';
}

function isTar(head: Uint8Array): boolean {
  return Buffer.from(head.subarray(TAR_MAGIC_AT, TAR_MAGIC_AT + 5)).toString('latin1') === 'ustar';
}

/** Compressed files show by themselves that they are cut off. */
function uncheckedIn({ head }: DumpEnds, packing: string | undefined): string | undefined {
  const tellsNothing = ['unknown', 'postgres-custom'].includes(dumpKind(head)) && !isTar(head);
  return tellsNothing && packing === undefined ? 'has no end that would tell whether it is whole' : undefined;
}

const VERSIONS: readonly (readonly [name: string, line: RegExp])[] = [
  ['postgres', /^-- Dumped from database version (\S+)/m],
  ['pg_dump', /^-- Dumped by pg_dump version (\S+)/m],
  ['mysql', /^-- MySQL dump [\s\S]*?^-- Server version\s+(\S+)/m],
  ['mariadb', /^-- MariaDB dump [\s\S]*?^-- Server version\s+(\S+)/m],
];

function versionsIn(head: Uint8Array): Record<string, string> {
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('latin1');
  return Object.fromEntries(
    VERSIONS.flatMap(([name, line]) => {
      const version = line.exec(text)?.[1];
      return version === undefined ? [] : [[name, version]];
    }),
  );
}
