import { SuretyError } from '../../base/errors.ts';
import { openTail } from '../../base/streams.ts';
import { DUMP_END_BYTES, type DumpKind, dumpKind, dumpProblem } from '../../rules/dump-trailer.ts';

/** Passes a dump on. The last step throws `source.incomplete` unless the dump is of that kind and has its end. */
export async function* checkedDump(
  chunks: AsyncIterable<Uint8Array>,
  { kind, doing }: { readonly kind: DumpKind; readonly doing: string },
): AsyncGenerator<Uint8Array> {
  let head = Buffer.alloc(0);
  const tail = openTail(DUMP_END_BYTES);
  for await (const chunk of chunks) {
    if (head.length < DUMP_END_BYTES) head = Buffer.concat([head, chunk.subarray(0, DUMP_END_BYTES - head.length)]);
    tail.add(chunk);
    yield chunk;
  }
  const problem = dumpProblem({ head, tail: Buffer.from(tail.text()) });
  if (problem !== undefined) throw incomplete(doing, problem);
  if (dumpKind(head) !== kind) throw incomplete(doing, 'does not begin as such a dump does');
}

export function incomplete(doing: string, problem: string): SuretyError {
  return new SuretyError('source.incomplete', `${doing}: the dump ${problem}`, {
    hint: 'it does not count; see the log of the server for why it ended early',
  });
}
