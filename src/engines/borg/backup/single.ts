/** One dump: borg reads it from its stdin, and nothing is kept anywhere on the way. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SuretyError } from '../../../base/errors.ts';
import { type Content, RESERVED_NAME, type Xattr } from '../../../sources/source.ts';
import type { SnapshotFacts } from '../../engine.ts';
import { toRecord } from '../../entry-record.ts';
import { openFileContent } from '../../file-content.ts';
import type { Shape } from '../../shape.ts';
import { passing } from '../../tar-members.ts';
import type { DocumentHead, DocumentRecord } from '../held-entry.ts';
import { borgRun } from '../run.ts';
import { type Backing, createArguments, finishReading, type Made } from './backing.ts';

type Single = Extract<Shape, { readonly container: 'single' }>;

/** borg takes the document, which it reads last, when the stream is at its end: by then it is written. */
export async function createFromStream(backing: Backing, { file, dirs }: Single): Promise<Made> {
  const { repository, reading, how, tally, folder } = backing;
  let facts: SnapshotFacts | undefined;
  // Words of a command line are text: a name of other bytes stands in the document.
  const stored = file.path.isWellFormed() ? file.path : 'stream';
  const storedAs = stored === file.path ? {} : { stored_as: { [file.path]: stored } };

  async function* content(): AsyncGenerator<Uint8Array> {
    const xattrs = await reading.xattrs([...dirs, file]);
    for (const _ of dirs) tally.dir();
    let sizeBytes = 0;
    for await (const one of reading.content([file], how)) {
      for await (const chunk of passing(await chunksOf(one, backing, file), tally, how.signal)) {
        sizeBytes += chunk.length;
        yield chunk;
      }
    }
    tally.file(file.path, sizeBytes);
    facts = await finishReading(backing);
    await writeFile(
      join(folder, RESERVED_NAME),
      documentOf({ facts, ...storedAs }, { file, dirs }, sizeBytes, xattrs),
      { mode: 0o600 },
    );
  }

  const { options, archive } = createArguments(backing, RESERVED_NAME);
  const args = ['create', ...options, '--files-cache', 'disabled', '--stdin-name', stored, '--stdin-mode', '0600'];
  const end = await borgRun(repository, [...args, archive, '-', RESERVED_NAME], {
    signal: how.signal,
    doing: `backup of ${how.source}`,
    told: (message) => tally.told(message),
    stdin: content(),
    cwd: folder,
  });
  return { end, stats: tally.stats(0), facts: facts!, documentPath: RESERVED_NAME };
}

async function chunksOf(content: Content, { how, tally }: Backing, file: Single['file']) {
  if (content.kind === 'stream') return content.chunks;
  const opened = content.kind === 'path' ? await openFileContent(content.path, file, tally.warn) : undefined;
  if (opened !== undefined) return opened.chunks;
  throw new SuretyError('source.failed', `${file.path}, all that source ${how.source} has, is gone`);
}

function documentOf(
  head: DocumentHead,
  { file, dirs }: Pick<Single, 'file' | 'dirs'>,
  sizeBytes: number,
  xattrs: readonly (readonly Xattr[])[],
): string {
  const entries = [...dirs, { ...file, sizeBytes }];
  const records = entries.map((entry, at): DocumentRecord => toRecord(entry, xattrs[at] ?? []));
  return [head, ...records].map((line) => `${JSON.stringify(line)}\n`).join('');
}
