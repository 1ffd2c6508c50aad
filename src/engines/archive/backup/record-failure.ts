/** Leaves a record of a backup that failed, and nothing else. */
import { messageOf } from '../../../base/errors.ts';
import { logLine } from '../day-log.ts';
import { SIDECAR_ENDING } from '../naming.ts';
import { commonFields, ownFields } from './document.ts';
import type { ReservedName } from './reserve.ts';
import { toJson, type Working } from './working.ts';

const TIMEOUT_MS = 60_000;

/**
 * Removes what was stored, writes the sidecar with `status: failed` and a line into the log. Also after the run was ended; never throws:
 * the failure itself is what people have to hear of.
 */
export async function recordFailure(
  working: Working,
  name: ReservedName | undefined,
  stored: readonly string[],
  error: unknown,
): Promise<void> {
  const { repository, how } = working;
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const attempt = async (act: () => Promise<void>) => {
    try {
      await act();
    } catch {
      // The store is what failed, or has failed too.
    }
  };
  // A store may have taken the metadata, and only its answer was lost: without them the file counts for nothing.
  if (name !== undefined) await attempt(() => repository.store.delete(name.key(SIDECAR_ENDING), { signal }));
  for (const key of stored) await attempt(() => repository.store.delete(key, { signal }));
  if (name === undefined || how.isCopy === true) return;
  const message = messageOf(error);
  const common = commonFields(working, name.id);
  const document = { ...common, status: 'failed', error_message: message, ...ownFields(working, 0) };
  await attempt(() => repository.store.put(name.key(SIDECAR_ENDING), toJson(document), { signal, ifAbsent: true }));
  const text = `failed source=${how.source} error: ${message}`;
  const line = { level: 'ERROR', startedAt: how.startedAt, at: repository.clock.now(), id: name.id, text } as const;
  await attempt(() => logLine(repository, line, { signal }));
}
