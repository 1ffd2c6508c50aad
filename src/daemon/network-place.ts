/** Whether a machine that is reached over a network is this one, one in a network of it, or somewhere else. */
import { lookup } from 'node:dns/promises';
import { BlockList, isIP, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { hostName } from '../base/environment.ts';
import type { Place } from '../rules/keeping.ts';

export interface NetworkPlace extends Pick<Place, 'kind' | 'hosts'> {
  /** It is this very machine. */
  readonly isThis: boolean;
}

/** A name that nobody answers for in this time has no address. */
const PATIENCE_MS = 3000;

/** Of a name or an address. What has no address, or one of a private network that is not this one's, can be anywhere. */
export async function placeOfHost(host: string): Promise<NetworkPlace> {
  const name = host.toLowerCase().replace(/^\[|\]$|\.$/g, '');
  if (name === 'localhost' || name.endsWith('.localhost') || name === hostName().toLowerCase()) {
    return { kind: 'here', hosts: [name], isThis: true };
  }
  const addresses = isIP(name) === 0 ? await addressesOf(name) : [name];
  const isThis = addresses.some((address) => contains(ownAddresses(), address));
  return { kind: kindOf(addresses, isThis), hosts: [...new Set([name, ...addresses])], isThis };
}

function kindOf(addresses: readonly string[], isThis: boolean): Place['kind'] {
  if (isThis) return 'here';
  if (addresses.length === 0) return 'unknown';
  const near = ownNetworks();
  const reserved = blockList(PRIVATE);
  if (addresses.some((address) => contains(near, address))) return 'network';
  return addresses.some((address) => contains(reserved, address)) ? 'unknown' : 'elsewhere';
}

async function addressesOf(name: string): Promise<string[]> {
  const late = new Promise<never[]>((resolve) => void setTimeout(() => resolve([]), PATIENCE_MS).unref());
  const found = lookup(name, { all: true }).then((all) => all.map(({ address }) => address));
  return await Promise.race([found.catch(() => []), late]);
}

function contains(list: BlockList, address: string): boolean {
  const [plain = address] = address.split('%');
  return isIP(plain) !== 0 && list.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4');
}

function blockList(blocks: readonly (readonly [network: string, bits: number])[]): BlockList {
  const list = new BlockList();
  for (const [network, bits] of blocks) list.addSubnet(network, bits, isIPv6(network) ? 'ipv6' : 'ipv4');
  return list;
}

/** RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291. */
const PRIVATE = [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['169.254.0.0', 16],
  ['fc00::', 7],
  ['fe80::', 10],
] as const;

const LOOPBACK = [
  ['127.0.0.0', 8],
  ['0.0.0.0', 32],
  ['::1', 128],
  ['::', 128],
] as const;

function interfaces() {
  return Object.values(networkInterfaces()).flatMap((all) => all ?? []);
}

function ownAddresses(): BlockList {
  const own = interfaces().map(({ address, family }) => [address, family === 'IPv6' ? 128 : 32] as const);
  return blockList([...LOOPBACK, ...own]);
}

/** What these interfaces reach without going through anybody; a tunnel may be among them. */
function ownNetworks(): BlockList {
  return blockList(interfaces().flatMap(({ cidr }) => (cidr === null ? [] : [blockOf(cidr)])));
}

function blockOf(cidr: string): readonly [string, number] {
  const [network = '', bits = ''] = cidr.split('/');
  return [network, Number(bits)];
}
