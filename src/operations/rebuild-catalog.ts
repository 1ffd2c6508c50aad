/** Writes the catalog's part about snapshots anew from what the repositories hold. */
import type { Clock } from '../base/clock.ts';
import type { SuretyError } from '../base/errors.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { Outcome } from './events.ts';
import { toSuretyError } from './failure.ts';
import type { RepositoryHandle } from './handles.ts';
import { toSnapshotRecord } from './record/snapshot-record.ts';

export interface CatalogRebuilt {
  readonly outcome: Outcome;
  readonly repositories: readonly {
    readonly repository: string;
    readonly snapshots: number;
    /** Snapshots that can not be read; they are not in the catalog. */
    readonly unreadable: readonly string[];
    readonly error: SuretyError | undefined;
  }[];
}

/** A repository that can not be read keeps what the catalog knew of it and does not stop the others. */
export async function rebuildCatalog(
  { catalog, repositories }: { readonly catalog: Catalog; readonly repositories: readonly RepositoryHandle[] },
  how: { readonly signal: AbortSignal; readonly clock: Clock },
): Promise<CatalogRebuilt> {
  const rebuilt: CatalogRebuilt['repositories'][number][] = [];
  for (const { name, location, open } of repositories) {
    try {
      const engine = await open(how);
      const { snapshots, unreadable } = await engine.list(how);
      const { id } = engine.traits;
      await catalog.replaceSnapshots(
        name,
        snapshots.map((snapshot) => toSnapshotRecord(name, id, snapshot)),
      );
      await catalog.rememberRepository({ name, location, id, seenAt: how.clock.now() });
      rebuilt.push({
        repository: name,
        snapshots: snapshots.length,
        unreadable: unreadable.map(({ id }) => id),
        error: undefined,
      });
    } catch (thrown) {
      how.signal.throwIfAborted();
      const error = toSuretyError(thrown, `repository ${name}`, how.signal);
      rebuilt.push({ repository: name, snapshots: 0, unreadable: [], error });
    }
  }
  const failed = rebuilt.some((one) => one.error !== undefined);
  const partial = rebuilt.some((one) => one.unreadable.length > 0);
  return { outcome: failed ? 'failed' : partial ? 'warnings' : 'ok', repositories: rebuilt };
}
