/**
 * Access control lists: borg keeps them as text (acl(5), long form, with the numeric id as a fourth field), the system as an extended
 * attribute (linux/posix_acl_xattr.h: a version, then tag, rights and id of each, little-endian).
 */
const VERSION = 2;
const NOBODY = 0xffff_ffff;

const TAGS: Readonly<Record<string, readonly [own: number, named: number]>> = {
  user: [0x01, 0x02],
  group: [0x04, 0x08],
  mask: [0x10, 0x10],
  other: [0x20, 0x20],
};

/** The value of `system.posix_acl_access` or `…_default`. Undefined for text that is none. */
export function aclValue(text: string): Uint8Array | undefined {
  const entries = text
    .split('\n')
    .map((line) => line.replace(/#.*$/, '').trim())
    .filter((line) => line !== '')
    .map(parseEntry);
  if (entries.length === 0 || entries.some((entry) => entry === undefined)) return undefined;
  const sorted = (entries as AclEntry[]).sort((left, right) => left.tag - right.tag || left.id - right.id);
  const value = Buffer.alloc(4 + 8 * sorted.length);
  value.writeUInt32LE(VERSION, 0);
  for (const [at, { tag, rights, id }] of sorted.entries()) {
    value.writeUInt16LE(tag, 4 + 8 * at);
    value.writeUInt16LE(rights, 6 + 8 * at);
    value.writeUInt32LE(id, 8 + 8 * at);
  }
  return value;
}

interface AclEntry {
  readonly tag: number;
  readonly rights: number;
  readonly id: number;
}

/** `user:joe:rwx:1000`, or `user:1000:rwx`. */
function parseEntry(line: string): AclEntry | undefined {
  const [kind = '', name = '', rights = '', id = name] = line.split(':');
  const tags = TAGS[kind];
  if (tags === undefined || !/^[r-][w-][x-]$/.test(rights)) return undefined;
  const bits = (rights[0] === 'r' ? 4 : 0) | (rights[1] === 'w' ? 2 : 0) | (rights[2] === 'x' ? 1 : 0);
  if (name === '') return { tag: tags[0], rights: bits, id: NOBODY };
  if (!/^\d{1,10}$/.test(id)) return undefined;
  return { tag: tags[1], rights: bits, id: Number(id) };
}
