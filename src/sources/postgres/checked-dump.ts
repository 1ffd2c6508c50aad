import { SuretyError } from '../../base/errors.ts';
import { openEnds } from '../../rules/dump-ends.ts';
import { type DumpKind, dumpKind, dumpProblem } from '../../rules/dump-trailer.ts';

/** Passes a dump on. The last step throws `source.incomplete` unless the dump is of that kind and has its end. */
export async function* checkedDump(
  chunks: AsyncIterable<Uint8Array>,
  { kind, doing }: { readonly kind: DumpKind; readonly doing: string },
): AsyncGenerator<Uint8Array> {
  const watched = openEnds();
  for await (const chunk of chunks) {
    watched.add(chunk);
    yield chunk;
  }
  const ends = watched.ends();
  const problem = dumpProblem(ends);
  if (problem !== undefined) throw incomplete(doing, problem);
  if (dumpKind(ends.head) !== kind) throw incomplete(doing, 'does not begin as such a dump does');
}

export function incomplete(doing: string, problem: string): SuretyError {
  return new SuretyError('source.incomplete', `${doing}: the dump ${problem}`, {
    hint: 'it does not count; see the log of the server for why it ended early',
  });
}
