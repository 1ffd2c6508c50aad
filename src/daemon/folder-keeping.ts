/** Where folders are: on the disks of this machine, or on those of servers that they are mounted from. */
import { type Administrator, type Keeping, THIS_MACHINE } from '../rules/keeping.ts';
import type { DiskFacts } from './disks.ts';
import { type NetworkPlace, placeOfHost } from './network-place.ts';

/** Who may write to a mounted folder may empty it, whoever has the server. */
export const LOCAL_ADMINISTRATOR: Administrator = { marks: [THIS_MACHINE], name: undefined, shown: THIS_MACHINE };

/** Of several folders together: losing what one of them is on loses a part of the whole. */
export async function keepingOfFolders(all: readonly DiskFacts[], site: string | undefined): Promise<Keeping> {
  const local = all.filter(({ servers }) => servers === undefined);
  const mounted = all.filter(({ servers }) => servers !== undefined);
  const places = (await Promise.all(mounted.map(placesOf))).flat();
  const isHere = mounted.length === 0 || local.length > 0 || places.some(({ isThis }) => isThis);
  const hosts = [...(isHere ? [THIS_MACHINE] : []), ...new Set(places.flatMap((place) => place.hosts))];
  // Of the disks of a server nothing is known.
  const known = mounted.length === 0 && local.every(({ disks }) => disks.length > 0);
  const disks = known ? [...new Set(local.flatMap((one) => one.disks))] : [];
  const shown = [...new Set(all.map((one) => one.shown))].join(', ');
  return {
    place: { kind: isHere ? 'here' : (places[0]?.kind ?? 'unknown'), hosts, site },
    medium: { hosts, disks, shown: shown === '' ? THIS_MACHINE : shown },
    administrator: LOCAL_ADMINISTRATOR,
  };
}

async function placesOf({ servers = [], shown }: DiskFacts): Promise<NetworkPlace[]> {
  if (servers.length === 0) return [{ kind: 'unknown', hosts: [shown], isThis: false }];
  return await Promise.all(servers.map(placeOfHost));
}
