/** Notices that what is backed up is suddenly much smaller. */
import { formatBytes } from '../base/bytes.ts';
import type { ReadHow, SourceFacts } from './source.ts';

const SHARP_SHRINK = 0.5;
/** Below this size, a half is nothing to speak of. */
const FEW_BYTES = 4096;

/** Warns when a file has less than half the size that the newest snapshot of the same kind of source recorded. */
export function warnIfShrunk(
  path: string,
  { kind, sizeBytes }: SourceFacts,
  { previous, warn }: Pick<ReadHow, 'previous' | 'warn'>,
): void {
  if (previous?.kind !== kind || previous.sizeBytes < FEW_BYTES) return;
  if (sizeBytes >= previous.sizeBytes * SHARP_SHRINK) return;
  const message = `it has ${formatBytes(sizeBytes)}; it had ${formatBytes(previous.sizeBytes)} in the snapshot before`;
  warn({ code: 'source.shrunk', path, message });
}
