import type { Reach } from '../../../reach/reach.ts';
import type { FarHead, ListingParser } from './listing-parser.ts';

/** More are not asked for by name. */
const ASKED_MAX = 1000;

/** Names of the users and groups of a listing, as its host knows them. Those that are not in its account files are asked for. */
export async function lookUpOwners(
  { head, tree }: ListingParser & { readonly head: FarHead },
  { reach, signal }: { readonly reach: Reach; readonly signal: AbortSignal },
): Promise<{ user(uid: number): string; group(gid: number): string }> {
  const users = namesIn(head.users, 1);
  const groups = namesIn(head.groups, 1);
  const uids = [...tree.uidsSeen].filter((uid) => !users.has(uid)).slice(0, ASKED_MAX);
  const gids = [...tree.gidsSeen].filter((gid) => !groups.has(gid)).slice(0, ASKED_MAX);
  if (head.tools.has('getent') && uids.length + gids.length > 0) {
    // `getent` without keys lists all there are.
    const ask = (what: string, ids: readonly number[]) => (ids.length === 0 ? ':' : `getent ${what} ${ids.join(' ')}`);
    const script = `${ask('passwd', uids)}; printf '\\0'; ${ask('group', gids)}; :`;
    const process = reach.exec(['sh', '-c', script], { signal });
    const parts: Uint8Array[] = [];
    for await (const chunk of process.stdout) parts.push(chunk);
    const exit = await process.exit;
    if (exit.error !== undefined) throw exit.error;
    const [more = '', others = ''] = Buffer.concat(parts).toString('utf8').split('\0');
    for (const [id, name] of namesIn(more, 2)) users.set(id, name);
    for (const [id, name] of namesIn(others, 2)) groups.set(id, name);
  }
  return { user: (uid) => users.get(uid) ?? '', group: (gid) => groups.get(gid) ?? '' };
}

/** The first line for a number counts. */
function namesIn(text: string, column: number): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split('\n')) {
    const words = line.split(':');
    const id = words[column];
    if (words[0] && id !== undefined && /^\d+$/.test(id) && !names.has(Number(id))) names.set(Number(id), words[0]);
  }
  return names;
}
