/**
 * The candidates most like `word`, for "did you mean …": the equally near ones, by name. Only what a slip of the hand explains is
 * returned: at most about a third of the letters differ, or one is the beginning of the other.
 */
export function nearest(word: string, candidates: Iterable<string>, limit = 3): string[] {
  const wanted = word.toLowerCase();
  const allowed = Math.max(1, Math.floor(wanted.length / 3));
  const found: { candidate: string; distance: number }[] = [];
  for (const candidate of new Set(candidates)) {
    const other = candidate.toLowerCase();
    const edits = editDistance(wanted, other);
    const distance = isBeginning(wanted, other) ? Math.min(edits, allowed) : edits;
    if (distance <= allowed) found.push({ candidate, distance });
  }
  const best = Math.min(...found.map(({ distance }) => distance));
  const equallyNear = found.filter(({ distance }) => distance === best).map(({ candidate }) => candidate);
  return equallyNear.sort().slice(0, limit);
}

function isBeginning(left: string, right: string): boolean {
  if (left === right || Math.min(left.length, right.length) < 3) return false;
  return right.startsWith(left) || left.startsWith(right);
}

/** How many letters must be inserted, removed, replaced or swapped with their neighbour to make `right` of `left`. */
export function editDistance(left: string, right: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, at) => at);
  for (let i = 1; i <= left.length; i++) {
    const row = [i];
    for (let j = 1; j <= right.length; j++) {
      const same = left[i - 1] === right[j - 1];
      let best = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1];
      if (swapped) best = Math.min(best, beforeLast[j - 2]! + 1);
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[right.length]!;
}

/** `did you mean a, b or c`, or undefined when nothing is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const near = nearest(word, candidates);
  return near.length === 0 ? undefined : `did you mean ${listed(near, 'or')}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[], conjunction: 'and' | 'or'): string {
  if (words.length < 2) return words[0] ?? '';
  return `${words.slice(0, -1).join(', ')} ${conjunction} ${words[words.length - 1]}`;
}
