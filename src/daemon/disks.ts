/**
 * Which disk a path is on: through partitions, volumes, arrays and images down to what fails as one. From `/proc/self/mountinfo` (proc(5)) and
 * `/sys/dev/block`; where there is none of these, nothing is known.
 */
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

export interface DiskFacts {
  /** Names of disks; none: nobody can tell. */
  readonly disks: readonly string[];
  /** Of a file system that comes over a network: the machines that have it; `[]` where they are not known. Undefined: it does not. */
  readonly servers: readonly string[] | undefined;
  /** For people. */
  readonly shown: string;
}

/** Undefined when there is nothing at the path. */
export function diskOf(path: string): DiskFacts | undefined {
  try {
    return diskOfMount(mountOf(realpathSync(path)));
  } catch {
    return undefined;
  }
}

interface Mount {
  readonly device: string;
  readonly point: string;
  readonly type: string;
  readonly source: string;
}

/** The mount that a real path is on; undefined where mounts can not be read. The last of those at one place is on top. */
function mountOf(path: string): Mount | undefined {
  // Of a path that is not there nothing is told.
  statSync(path);
  const file = '/proc/self/mountinfo';
  if (!existsSync(file)) return undefined;
  const mounts = readFileSync(file, 'utf8').split('\n').flatMap(parseMount);
  const holds = ({ point }: Mount) => point === '/' || path === point || path.startsWith(`${point}/`);
  return mounts
    .filter(holds)
    .reduce<Mount | undefined>(
      (best, one) => (best === undefined || one.point.length >= best.point.length ? one : best),
      undefined,
    );
}

/** `36 35 98:0 /root /mnt/point rw - ext4 /dev/sda1 rw` */
export function parseMount(line: string): Mount[] {
  const [before = '', after = ''] = line.split(' - ');
  const [, , device, , point] = before.split(' ');
  const [type, source = ''] = after.split(' ');
  if (device === undefined || point === undefined || type === undefined) return [];
  return [{ device, point: unescaped(point), type, source: unescaped(source) }];
}

function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

const MEMORY = ['tmpfs', 'ramfs', 'devtmpfs'];
const NETWORK =
  /^(nfs4?|cifs|smb3?|smbfs|ceph|glusterfs|lustre|beegfs|afs|davfs|fuse\.(sshfs|glusterfs|rclone|s3fs|davfs.*|ceph.*))$/;

export function diskOfMount(mount: Mount | undefined): DiskFacts {
  if (mount === undefined) return { disks: [], servers: undefined, shown: 'a disk that can not be told' };
  const { type, source } = mount;
  if (MEMORY.includes(type)) return { disks: ['memory'], servers: undefined, shown: 'memory' };
  if (NETWORK.test(type)) {
    const servers = serversOf(source);
    return { disks: [], servers, shown: servers.length === 0 ? `${type} ${source}` : servers.join(', ') };
  }
  if (type === 'zfs') {
    const [pool = source] = source.split('/');
    return { disks: [`zfs ${pool}`], servers: undefined, shown: `pool ${pool}` };
  }
  const number = mount.device.startsWith('0:') ? deviceNumber(source) : mount.device;
  const disks = number === undefined ? [] : disksUnder(number);
  const shown = disks.length === 0 ? `${type} on a disk that can not be told` : `disk ${disks.join(', ')}`;
  return { disks, servers: undefined, shown };
}

/** `nas:/export`, `//nas/share`, `backup@nas:folder`, `mon1:6789,mon2:/`. */
export function serversOf(source: string): string[] {
  const share = /^(?:[a-z]+:)?\/\/(?:[^@/]*@)?([^/:]+)/.exec(source)?.[1];
  if (share !== undefined) return [share];
  const address = /^(?:[^@/]*@)?\[([0-9A-Fa-f:]+)\]:/.exec(source)?.[1];
  if (address !== undefined) return [address];
  const list = /^(?:[^@/]*@)?([^/]+):/.exec(source)?.[1];
  return list === undefined ? [] : list.split(',').map((one) => one.replace(/:\d+$/, ''));
}

/** Of file systems that span devices the kernel gives no number, but the name of one. */
function deviceNumber(source: string): string | undefined {
  if (!source.startsWith('/dev/')) return undefined;
  const number = statSync(source, { bigint: true }).rdev;
  const major = ((number >> 8n) & 0xfffn) | ((number >> 32n) & ~0xfffn);
  const minor = (number & 0xffn) | ((number >> 12n) & ~0xffn & 0xffffffffn);
  return `${major}:${minor}`;
}

/** Below a volume or an array are others, below a partition its disk, below an image the disk that its file is on. */
function disksUnder(number: string): string[] {
  const entry = join('/sys/dev/block', number);
  if (!existsSync(entry)) return [];
  const device = realpathSync(entry);
  const below = existsSync(join(device, 'slaves')) ? readdirSync(join(device, 'slaves')) : [];
  if (below.length > 0)
    return [...new Set(below.flatMap((name) => disksUnder(numberIn(join(device, 'slaves', name)))))];
  if (existsSync(join(device, 'partition'))) return disksUnder(numberIn(dirname(device)));
  const image = join(device, 'loop', 'backing_file');
  if (existsSync(image)) return [...(diskOf(readFileSync(image, 'utf8').trim())?.disks ?? [])];
  return [basename(device)];
}

function numberIn(folder: string): string {
  return readFileSync(join(folder, 'dev'), 'utf8').trim();
}
