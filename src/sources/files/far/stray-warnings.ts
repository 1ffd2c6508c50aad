import type { Warning } from '../../source.ts';
import type { Exclusion } from '../exclude.ts';
import type { Roots } from '../roots.ts';
import type { StrayTrouble } from './listing-troubles.ts';
import type { Start } from './starts.ts';

export interface StrayHow {
  readonly host: string;
  readonly roots: Roots;
  readonly exclusion: Exclusion;
  readonly warn: (warning: Warning) => void;
}

/** Warns of what was said about files that are not listed; not of those that are left out in any case. */
export function warnOfStrays(strays: readonly StrayTrouble[], how: StrayHow): void {
  for (const { start, entryPath, code, message } of strays) {
    if (entryPath === undefined) {
      how.warn({ code: 'entry.unreadable', path: start.entryPath, message: `find on host ${how.host}: ${message}` });
    } else if (!isLeftOut(entryPath, start, how)) {
      const isGone = code === 'ENOENT';
      const words = isGone ? 'vanished while it was read' : `can not be read: ${message}`;
      how.warn({ code: isGone ? 'entry.vanished' : 'entry.unreadable', path: entryPath, message: words });
    }
  }
}

function isLeftOut(entryPath: string, start: Start, { roots, exclusion }: StrayHow): boolean {
  for (let end = entryPath.length; end > start.entryPath.length; end = entryPath.lastIndexOf('/', end - 1)) {
    const path = roots.locate(entryPath.slice(0, end));
    if (path !== undefined && exclusion.excludes(path, path.slice(path.lastIndexOf('/') + 1), true)) return true;
  }
  return false;
}
