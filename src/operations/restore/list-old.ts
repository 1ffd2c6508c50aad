/** What earlier restores kept or left: databases in servers, safety dumps on this machine. */
import type { SuretyError } from '../../base/errors.ts';
import type { OldDatabase } from '../../sources/source.ts';
import { toSuretyError } from '../failure.ts';
import type { SourceHandle } from '../handles.ts';

/** A file of this machine with what was in a database before a restore in place. */
export interface SafetyDump {
  readonly file: string;
  readonly time: Date;
  readonly sizeBytes: number;
}

export interface OldReport {
  /** `failed`: a server could not be asked. */
  readonly outcome: 'ok' | 'failed';
  /** Those that restore into a server. */
  readonly sources: readonly OldOfSource[];
  readonly safetyDumps: readonly SafetyDump[];
}

interface OldOfSource {
  readonly source: string;
  readonly databases: readonly OldDatabase[];
  readonly error: SuretyError | undefined;
}

/** Removes nothing: whether what was replaced is still needed, only a person knows. A server that does not answer hides no other. */
export async function listOld(
  { sources, safetyDumps }: { readonly sources: readonly SourceHandle[]; readonly safetyDumps: readonly SafetyDump[] },
  how: { readonly signal: AbortSignal },
): Promise<OldReport> {
  const found: OldOfSource[] = [];
  for (const handle of sources) {
    const one = await oldOf(handle, how);
    if (one !== undefined) found.push(one);
  }
  return { outcome: found.some(({ error }) => error !== undefined) ? 'failed' : 'ok', sources: found, safetyDumps };
}

async function oldOf(
  { name, open }: SourceHandle,
  how: { readonly signal: AbortSignal },
): Promise<OldOfSource | undefined> {
  try {
    const source = await open(how);
    if (source.restoreOutlook === undefined) return undefined;
    return { source: name, databases: (await source.restoreOutlook(how)).old, error: undefined };
  } catch (thrown) {
    how.signal.throwIfAborted();
    return { source: name, databases: [], error: toSuretyError(thrown, `source ${name}`, how.signal) };
  }
}
