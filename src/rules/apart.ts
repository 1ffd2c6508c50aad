/**
 * How many of these can be chosen so that no two of them may be one and the same. What is not known to differ thus never counts twice, and
 * one more of them never makes the number smaller.
 */
export function mostApart<One>(all: readonly One[], mayBeOne: (one: One, other: One) => boolean): number {
  const [first, ...rest] = all;
  if (first === undefined) return 0;
  const apart = rest.filter((other) => !mayBeOne(first, other));
  const withFirst = 1 + mostApart(apart, mayBeOne);
  // Without it there can only be more where it stands in the way of two.
  return apart.length >= rest.length - 1 ? withFirst : Math.max(withFirst, mostApart(rest, mayBeOne));
}
