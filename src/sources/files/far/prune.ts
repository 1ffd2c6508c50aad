/** Which patterns `find` can tell exactly as {@link import('../exclude.ts')} does: what they leave out need not travel. */
import { shellWord } from '../../../base/shell-word.ts';

/** No character but `*` means anything to both; a `**` means something else to each. */
const PLAIN = /^[^*?[{\\]+$/;
const STARRED = /^[^?[{\\]+$/;

/**
 * Tests for `find` that are true only of what the patterns leave out. The others are applied where the listing arrives, as all of them are
 * there again.
 */
export function pruneTests(patterns: readonly string[]): string[] {
  return patterns.flatMap((pattern) => testOf(pattern) ?? []);
}

function testOf(pattern: string): string | undefined {
  const directoriesOnly = pattern.length > 1 && pattern.endsWith('/');
  const body = directoriesOnly ? pattern.slice(0, -1) : pattern;
  const kind = directoriesOnly ? '-type d ' : '';
  if (body === '' || body.includes('**')) return undefined;
  if (!body.includes('/')) return STARRED.test(body) ? `${kind}-name ${shellWord(body)}` : undefined;
  if (!PLAIN.test(body) || body.includes('//')) return undefined;
  return `${kind}-path ${shellWord(body.startsWith('/') ? body : `*/${body}`)}`;
}
