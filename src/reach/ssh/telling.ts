/** What `ssh -v` and its complaints tell about a host. */
import type { HostIdentity } from '../reach.ts';

/** Address and host key by what `ssh -v` writes to stderr while it connects. The address is not known where it is gone through other hosts. */
export function identityOf(words: string): HostIdentity {
  const addresses = [...words.matchAll(/^debug1: Connecting to \S+ \[([^\]]+)\] port \d+/gm)];
  // A host that is gone through shows its key first, and its address is not the one that is asked for.
  const keys = [...words.matchAll(/^debug1: Server host key: \S+ (\S+)/gm)];
  const isDirect = !/^debug1: Executing proxy command/m.test(words);
  return { address: isDirect ? addresses.at(-1)?.[1] : undefined, key: keys.at(-1)?.[1] };
}

/** A host key that does not count. */
export interface KeyComplaint {
  /** The one that the host shows now. */
  readonly fingerprint: string | undefined;
  /** The host as files of known hosts name it: `[127.0.0.1]:2222`. */
  readonly host: string | undefined;
  /** Where another key is written. */
  readonly file: string | undefined;
  readonly line: number | undefined;
}

export function keyComplaintOf(words: string): KeyComplaint {
  const offending = /^Offending .*key.* in (.+):(\d+)\s*$/m.exec(words);
  const shown = /^(SHA256:[\w+/=]+)\.?\s*$/m.exec(words) ?? /^debug1: Server host key: \S+ (\S+)/m.exec(words);
  const host = /host key is known for (\S+) and|^Host key for (\S+) has changed/m.exec(words);
  return {
    fingerprint: shown?.[1],
    host: host?.[1] ?? host?.[2],
    file: offending?.[1],
    line: offending?.[2] === undefined ? undefined : Number(offending[2]),
  };
}
