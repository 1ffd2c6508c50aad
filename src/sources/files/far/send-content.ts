import { messageOf, SuretyError } from '../../../base/errors.ts';
import { displayName } from '../../../base/names.ts';
import { inPieces, joinBytes } from '../../../base/streams.ts';
import type { RestoredEntry, Restoring, WriteHow } from '../../source.ts';
import type { Tally } from '../tally.ts';
import type { PlannedMember } from './write-plan.ts';

export interface SendHow {
  readonly restoring: Restoring;
  readonly how: WriteHow;
  readonly tally: Tally;
  /** Gets the entries whose content can not be had. */
  readonly failed: Set<RestoredEntry>;
}

export interface Sent {
  readonly member: PlannedMember;
  readonly content?: AsyncIterable<Uint8Array> | undefined;
}

export interface Sendable {
  /** Whether everything was handed out. */
  readonly isDone: boolean;
  /** The file that was half handed out when it turned out to be damaged: the stream it is in has to end there. */
  takeBroken(): RestoredEntry | undefined;
  /** What is left. Ends after a file that is damaged half-way; what comes after it, and all directories once more, are in the next. */
  next(): AsyncIterable<Sent>;
}

/** So much is had as a whole before its header is sent: a file that is damaged is then left out. */
const WHOLE_BYTES = 4 * 1024 * 1024;

/** Hands out members with their content, and tells of progress. What can not be had is reported, and nothing else fails for it. */
export function sendable(planned: readonly PlannedMember[], to: SendHow): Sendable {
  const members = [...planned];
  let broken: RestoredEntry | undefined;
  let at = 0;
  let files = 0;
  let sizeBytes = 0;

  async function* counted(entry: RestoredEntry, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let own = 0;
    try {
      for await (const chunk of chunks) {
        to.how.signal.throwIfAborted();
        own += chunk.length;
        if (own > entry.sizeBytes) break;
        sizeBytes += chunk.length;
        to.how.progress?.({ files, sizeBytes });
        yield chunk;
      }
      if (own !== entry.sizeBytes) throw otherSize(entry);
    } catch (error) {
      to.how.signal.throwIfAborted();
      fail(entry, error);
      broken = entry;
    }
  }

  function fail(entry: RestoredEntry, error: unknown): void {
    to.failed.add(entry);
    to.tally.fail(entry, error instanceof Error ? error : new Error(messageOf(error)));
  }

  async function* next(): AsyncGenerator<Sent> {
    while (at < members.length && broken === undefined) {
      to.how.signal.throwIfAborted();
      const member = members[at]!;
      at += 1;
      const { entry, linkTo } = member;
      if (entry.type !== 'file' || linkTo !== undefined) {
        // A name of a file that is not there has nothing to be linked to.
        if (linkTo === undefined || !to.failed.has(firstOf(linkTo))) yield { member };
        else to.failed.add(entry);
        continue;
      }
      const stream = to.restoring.stream(entry, { signal: to.how.signal });
      if (entry.sizeBytes > WHOLE_BYTES) {
        if (member.replaces && !(await isGood(entry))) continue;
        yield { member, content: counted(entry, stream) };
      } else {
        const bytes = await whole(entry, stream);
        if (bytes === undefined) continue;
        yield { member, content: counted(entry, inPieces(bytes)) };
      }
      files += 1;
    }
  }

  const byPath = new Map(members.flatMap(({ entry }) => (entry.links > 1 ? [[entry.path, entry] as const] : [])));
  const firstOf = (path: string): RestoredEntry => byPath.get(path)!;

  async function whole(entry: RestoredEntry, stream: AsyncIterable<Uint8Array>): Promise<Uint8Array | undefined> {
    const parts: Uint8Array[] = [];
    try {
      // The memory of a chunk may be used again for the next.
      for await (const chunk of stream) parts.push(chunk.slice());
      const bytes = joinBytes(parts);
      if (bytes.length !== entry.sizeBytes) throw otherSize(entry);
      return bytes;
    } catch (error) {
      to.how.signal.throwIfAborted();
      fail(entry, error);
      return undefined;
    }
  }

  /** Reads it once for nothing: what is there must not give way to a file that turns out to be damaged. */
  async function isGood(entry: RestoredEntry): Promise<boolean> {
    let own = 0;
    try {
      for await (const chunk of to.restoring.stream(entry, { signal: to.how.signal })) {
        to.how.signal.throwIfAborted();
        own += chunk.length;
        to.how.progress?.({ files, sizeBytes });
      }
      if (own !== entry.sizeBytes) throw otherSize(entry);
      return true;
    } catch (error) {
      to.how.signal.throwIfAborted();
      fail(entry, error);
      return false;
    }
  }

  return {
    get isDone() {
      return at >= members.length;
    },
    takeBroken() {
      const entry = broken;
      broken = undefined;
      // Attributes of directories are set when a stream ends as it should.
      if (entry !== undefined) members.push(...members.slice(0, at).filter((one) => one.entry.type === 'dir'));
      return entry;
    },
    next,
  };
}

function otherSize({ path, sizeBytes }: RestoredEntry): SuretyError {
  return new SuretyError('target.failed', `${displayName(path)} has not the ${sizeBytes} bytes that its snapshot says`);
}
