/** Lock files. */

import { parseFields } from './fields.ts';
import { goString } from './go-string.ts';
import { formatTime } from './time.ts';

export interface LockDocument {
  readonly timeNs: bigint;
  /** True when no other program may use the repository at the same time. */
  readonly exclusive: boolean;
  readonly host: string;
  readonly user: string;
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

export function encodeLock({ timeNs, exclusive, host, user, pid, uid, gid }: LockDocument): string {
  const who = `"hostname":${goString(host)},"username":${goString(user)},"pid":${pid}`;
  const owner = (uid === 0 ? '' : `,"uid":${uid}`) + (gid === 0 ? '' : `,"gid":${gid}`);
  return `{"time":"${formatTime(timeNs)}","exclusive":${exclusive},${who}${owner}}`;
}

/** Reads a lock's JSON. Throws when it is not one. */
export function decodeLock(json: Uint8Array, key: string): LockDocument {
  const fields = parseFields(json, key);
  return {
    timeNs: fields.time('time'),
    exclusive: fields.flag('exclusive'),
    host: fields.text('hostname'),
    user: fields.text('username'),
    pid: fields.count('pid'),
    uid: fields.count('uid'),
    gid: fields.count('gid'),
  };
}
