/**
 * All members of `T`, also the optional ones, which may be undefined. For who wraps a port member by member: one that is added to the port
 * later is missed by the compiler, and not by whoever relies on it.
 */
export type Whole<T> = { [Member in keyof Required<T>]: T[Member] };
