/**
 * Names of users and groups by their numbers. The account files answer for most; others (LDAP and the like) are asked
 * for through the C library. Each number is looked up once.
 */
import fs from 'node:fs';
import { accountName } from './posix.ts';

export interface Owners {
  /** The user's name, '' when unknown. */
  user(uid: number): string;
  /** The group's name, '' when unknown. */
  group(gid: number): string;
}

/** Reads the account files now; later changes need a new one. */
export function readOwners(passwdPath = '/etc/passwd', groupPath = '/etc/group'): Owners {
  const users = readAccounts(passwdPath);
  const groups = readAccounts(groupPath);
  return { user: (uid) => nameOf(users, 'user', uid), group: (gid) => nameOf(groups, 'group', gid) };
}

function nameOf(names: Map<number, string>, kind: 'user' | 'group', id: number): string {
  let name = names.get(id);
  if (name === undefined) {
    name = accountName(kind, id);
    names.set(id, name);
  }
  return name;
}

/** Both files have the name first and the number third; the first line for a number counts. */
function readAccounts(path: string): Map<number, string> {
  const names = new Map<number, string>();
  let text: string;
  try {
    text = fs.readFileSync(path, 'utf8');
  } catch {
    return names;
  }
  for (const line of text.split('\n')) {
    const [name, , id] = line.split(':');
    if (name && id && /^\d+$/.test(id) && !names.has(Number(id))) names.set(Number(id), name);
  }
  return names;
}
