/** Entries that come as streams: a tar of them is made on the way, and borg takes that apart. */
import { packTar, type TarMember } from '../../../base/tar/pack.ts';
import { type Entry, RESERVED_NAME } from '../../../sources/source.ts';
import type { SnapshotFacts } from '../../engine.ts';
import { toRecord } from '../../entry-record.ts';
import { LineSpool } from '../../line-spool.ts';
import { openSpool } from '../../spool.ts';
import { members } from '../../tar-members.ts';
import type { DocumentHead, DocumentRecord } from '../held-entry.ts';
import { borgRun } from '../run.ts';
import { type Backing, createArguments, finishReading, type Made } from './backing.ts';

export async function createFromTar(backing: Backing, batches: AsyncIterable<readonly Entry[]>): Promise<Made> {
  const { repository, reading, how, tally } = backing;
  await using spool = openSpool();
  await using records = new LineSpool<DocumentRecord>();
  let facts: SnapshotFacts | undefined;

  async function* withDocument(): AsyncGenerator<TarMember> {
    const onEntry = (entry: Entry, xattrs: Parameters<typeof toRecord>[1]) =>
      records.add({ ...toRecord(entry, xattrs), ...(entry.type === 'file' && entry.links > 1 && { linked: true }) });
    yield* members(batches, { reading, how, tally, spool, onEntry });
    // The source has its say before the end, which makes it an archive.
    facts = await finishReading(backing);
    yield documentMember({ facts }, records, how.startedAt);
  }

  const { options, archive } = createArguments(backing, RESERVED_NAME);
  const end = await borgRun(repository, ['import-tar', ...options, archive, '-'], {
    signal: how.signal,
    doing: `backup of ${how.source}`,
    told: (message) => tally.told(message),
    stdin: packTar(withDocument()),
  });
  return { end, stats: tally.stats(0), facts: facts!, documentPath: RESERVED_NAME };
}

/** The document as the last member. */
function documentMember(head: DocumentHead, records: LineSpool<DocumentRecord>, time: Date): TarMember {
  const first = Buffer.from(`${JSON.stringify(head)}\n`);
  async function* content(): AsyncGenerator<Uint8Array> {
    yield first;
    yield* records.bytes();
  }
  return {
    entry: {
      ...{ name: RESERVED_NAME, type: 'file', mode: 0o600, uid: 0, gid: 0, user: '', group: '', xattrs: [] },
      mtimeNs: BigInt(time.getTime()) * 1_000_000n,
      sizeBytes: first.length + records.sizeBytes,
    },
    content: content(),
  };
}
