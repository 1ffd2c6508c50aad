/** Compares the files of an archive with the list that was recorded, side by side: both have the same order. */
import type { How } from '../../engine.ts';
import { parseLines } from '../../json-lines.ts';
import { decodeError, streamContent } from '../decode.ts';
import { baseName } from '../naming.ts';
import type { Repository } from '../repository.ts';
import type { IndexRecord } from '../restore/index-record.ts';
import type { ListedFile, SidecarDocument } from '../sidecar.ts';
import type { Backup } from '../sidecars.ts';

export interface ListComparison extends AsyncDisposable {
  seen(file: IndexRecord): Promise<void>;
  /** Paths of recorded files that were not seen as they were, the first `most` of them. Reads the list to its end. */
  differing(most: number): Promise<readonly string[]>;
  /** What is wrong with the list itself. */
  readonly error: unknown;
}

const KEPT = 100;

export async function compareList(
  repository: Repository,
  backup: Backup,
  document: SidecarDocument,
  how: How,
): Promise<ListComparison> {
  const recorded = recordedFiles(repository, backup, document, how);
  const paths: string[] = [];
  let error: unknown;

  async function next(): Promise<ListedFile | undefined> {
    if (error !== undefined) return undefined;
    try {
      const { value, done } = await recorded.next();
      return done === true ? undefined : value;
    } catch (thrown) {
      error = decodeError(thrown, listKey(backup, document) ?? backup.sidecar.stored.key, how);
      return undefined;
    }
  }

  return {
    async seen(file) {
      if (document.files === undefined && document.file_list === undefined) return;
      const wanted = await next();
      if (error !== undefined) return;
      const isSame = wanted?.path === file.path && wanted.sha256 === file.sha256;
      if (!isSame && paths.length < KEPT) paths.push(wanted?.path ?? file.path);
    },
    async differing(most) {
      for (let file = await next(); file !== undefined; file = await next()) {
        if (paths.length < KEPT) paths.push(file.path);
      }
      return paths.slice(0, most);
    },
    get error() {
      return error;
    },
    async [Symbol.asyncDispose]() {
      await recorded.return(undefined);
    },
  };
}

function listKey({ all }: Backup, { file_list: list }: SidecarDocument): string | undefined {
  return list === undefined ? undefined : all.find(({ key }) => baseName(key) === list.name)?.key;
}

async function* recordedFiles(
  repository: Repository,
  backup: Backup,
  document: SidecarDocument,
  how: How,
): AsyncGenerator<ListedFile> {
  yield* document.files ?? [];
  const key = listKey(backup, document);
  const stored = backup.all.find((one) => one.key === key);
  if (stored !== undefined) yield* parseLines<ListedFile>(await streamContent(repository, stored, how));
}
