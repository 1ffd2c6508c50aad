/**
 * The port every place for bytes implements: a flat map from keys to immutable bodies.
 *
 * **Keys** are `/`-separated names of `[A-Za-z0-9._-]`, such as `data/ab/ab12…`; no empty part, no `.` or `..`, no part longer than 255 and
 * no key longer than 1,024 characters. The first part is never `tmp`: stores that need a place for unfinished bodies have it there.
 *
 * What an adapter guarantees to its callers:
 * - `put` is atomic and durable: the key exists with the whole body or not at all, also after a power cut, once the
 *   promise has resolved. A put that failed or was killed leaves nothing that `list` or `get` shows.
 * - After `put` resolved, `get`, `stat` and `list` of the same store see the body (read after write).
 * - `list` yields every key under the prefix exactly once, in no particular order, or throws; it never ends early without throwing.
 *   Retention and pruning rely on it.
 * - `delete` of a key that is not there succeeds. A power cut may bring back what was deleted last, but a delete is durable before a
 *   later one of a key with another first part begins, and when the store is closed: an index that was deleted before its packs does not
 *   come back without them.
 * - Native errors are translated to {@link SuretyError} with the codes below; nothing else is thrown but the signal's
 *   reason, and what a streamed body throws, which comes out as it is.
 *
 * Adapters do not retry calls: that is `wrap/retry.ts`, which repeats only errors whose `retry` is `later`. A put may thus run more
 * than once; this is why a streamed body is opened anew each time. The one exception is a body that can be opened only `once`: an
 * adapter of a remote store sends it in parts that it keeps in memory, and repeats the part that failed (`parts.ts`).
 *
 * Error codes: `store.not-found`, `store.exists` (only with `ifAbsent`), `store.denied` (wrong or missing rights),
 * `store.credentials` (none, wrong, or expired: nobody is let in), `store.untrusted` (certificate or host key), `store.full` (disk,
 * quota), `store.unavailable` (retry later: network, time-out, throttling, 5xx), `store.read-only`, `store.locked` (retention or a legal
 * hold keeps the body), `store.clock` (the service refuses because clocks differ), `store.invalid-key`, `store.incomplete` (a body is
 * shorter than what was asked for), `store.failed` (anything else; the cause is kept). A place that is not there (folder, bucket,
 * container) is `store.not-found` too, with the place in the message and no key in the details.
 */
export interface Store extends AsyncDisposable {
  readonly traits: StoreTraits;
  put(key: string, body: Body, how: PutHow): Promise<void>;
  /** The whole of `range` (or of the body) in memory. The caller bounds what it asks for. The bytes are the caller's. */
  read(key: string, range: Range | undefined, how: How): Promise<Uint8Array<ArrayBuffer>>;
  /** The same as a stream with back-pressure, for bodies of any size. */
  stream(key: string, range: Range | undefined, how: How): AsyncIterable<Uint8Array>;
  /** Size and time of one body, or undefined when there is none. */
  stat(key: string, how: How): Promise<Stored | undefined>;
  /**
   * All keys that are `prefix` or have it as their first parts: `data` and `data/` have `data/ab` under them but not `database`; ''
   * is for all. A missing prefix lists nothing. Other calls may be made while a list is under way; keys put or deleted meanwhile may
   * or may not be in it.
   */
  list(prefix: string, how: How): AsyncIterable<Stored>;
  delete(key: string, how: How): Promise<void>;
  /** How much more fits. Missing where nobody can tell. */
  freeBytes?(how: How): Promise<number>;
  /** What the service says about itself and keeps of what is replaced or deleted. Missing where there is nothing of the kind. */
  describe?(how: How): Promise<StoreFacts>;
  /** The service's own clock. Missing where it is this machine's. */
  serverTime?(how: How): Promise<Date>;
  /** Bodies that nobody can replace or delete before a time. Missing where the service has nothing of the kind. */
  readonly locks?: ObjectLocks;
  /** What `surety store check` tries out. Missing where there is nothing to try. */
  readonly trials?: StoreTrials;
}

/** What a service does, beyond what backups ask of it. */
export interface StoreTrials {
  /** Sends a body with a checksum that is not its own. True: the service refused it. Leaves nothing. */
  refusesDamaged?(key: string, how: How): Promise<boolean>;
  /** Tries to destroy a locked body, also where deleting only hides it. True: the service refused. */
  keepsLocked?(key: string, how: How): Promise<boolean>;
  /** Removes everything below the prefix, older versions too. Returns how many bodies are locked and stay. */
  destroy?(prefix: string, how: How): Promise<number>;
}

/** What a service tells, which is not always what it does: `surety store check` tries it. Undefined: it does not say. */
export interface StoreFacts {
  /** Whether deleted and replaced bodies stay as older versions, taking room until a lifecycle rule or somebody removes them. */
  readonly versioning?: 'on' | 'off' | 'suspended' | undefined;
  /** Days after which a rule of the service removes older versions everywhere in the store. */
  readonly oldVersionsForDays?: number | undefined;
  /** Days that deleted bodies can be brought back. */
  readonly softDeleteDays?: number | undefined;
  readonly objectLock?: 'on' | 'off' | undefined;
  /** Retention that the bucket gives each new body by itself. */
  readonly defaultRetention?: string | undefined;
  /** The server's own name and version, region and the like, for people. */
  readonly details: Readonly<Record<string, string>>;
}

/** A time before which a body stays as it is. It can be moved later, never earlier. */
export interface ObjectLocks {
  /** Moves the time of an existing body to `until` if it is earlier, or sets it. `store.not-found` when there is no such body. */
  extend(key: string, until: Date, how: How): Promise<void>;
  /** Until when the body is kept; undefined: it can be deleted. */
  until(key: string, how: How): Promise<Date | undefined>;
  /** What is to be locked for a backup. Missing: nothing is. Put there by `wrap/lock-new.ts`, which also locks what is put. */
  readonly keeping?: KeepingLocks;
}

/** Keeps locked what backups need, for as long as the configuration says. Keys that are never locked are passed over. */
export interface KeepingLocks {
  /** Those of the keys whose lock ends too soon, or is not known. Asks the service for nothing but its time. */
  due(keys: Iterable<string>, how: How): Promise<string[]>;
  /** Locks those that are due, many at once. Returns how many it asked the service about. */
  keep(keys: Iterable<string>, how: How): Promise<number>;
  /** Asks the service whether a body that was just put is locked. Throws `store.failed` if not. */
  confirm(key: string, how: How): Promise<void>;
}

export interface StoreTraits {
  /** `local`, `memory`, `s3`, … */
  readonly kind: string;
  /** For people, without secrets: `/backup/vault`, `s3://bucket/prefix`. */
  readonly location: string;
  /** How many calls at once are sensible. */
  readonly connections: number;
  /**
   * Whether `put` with `ifAbsent` has exactly one winner among racing writers. Where false, it is a check before
   * the write.
   */
  readonly conditionalPut: boolean;
  /** Each call crosses a network: callers make few of them, and many at once. */
  readonly remote: boolean;
}

export interface How {
  readonly signal: AbortSignal;
  /**
   * Of reads, by who checks the bytes: those of an earlier read will do (`use`), or were bad (`replace`). Of puts: the bytes will be read
   * again. Without it a call reaches the store, whatever is kept on this machine.
   */
  readonly kept?: 'use' | 'replace' | undefined;
  /**
   * Of `read`: where the bytes may go instead of into a new array, when they fit. Then what is returned is the beginning of it. Nothing is
   * written there any more once the call has settled.
   */
  readonly into?: Uint8Array | undefined;
}

export interface PutHow extends How {
  /** Fail with `store.exists` instead of replacing. */
  readonly ifAbsent?: boolean;
  /** Nobody may replace or delete the body before this time. Only for stores with `locks`; others ignore it. */
  readonly keepUntil?: Date | undefined;
}

/** Bytes at hand, or bytes that can be opened again for each attempt. Bytes must not change until `put` settles. */
export type Body = Uint8Array | StreamedBody;

export interface StreamedBody {
  /** Exact size when known beforehand. */
  readonly sizeBytes?: number;
  /** It can be opened one time only: it is read from what will not say it again. */
  readonly once?: boolean;
  open(how: How): AsyncIterable<Uint8Array>;
}

/** `length` undefined means to the end. A range that passes the end fails with `store.incomplete`. */
export interface Range {
  readonly offset: number;
  readonly length?: number | undefined;
}

export interface Stored {
  readonly key: string;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
}
