/** Where something is kept and who has it, as far as that can be seen; what is only said is believed where nothing can be seen, or where it makes things worse. */
export interface Keeping {
  readonly place: Place;
  readonly medium: Medium;
  readonly administrator: Administrator;
}

export interface Place {
  /** `here`: this machine. `network`: one in a network of it, which may reach far. `unknown`: nobody can tell. */
  readonly kind: 'here' | 'network' | 'elsewhere' | 'unknown';
  /** Names and addresses of the machine or service. */
  readonly hosts: readonly string[];
  /** The name that the configuration gives the place. */
  readonly site: string | undefined;
}

export interface Medium {
  /** Names and addresses of the machine or service that it belongs to; {@link THIS_MACHINE} for this one. */
  readonly hosts: readonly string[];
  /** Disks, or what else fails as one; none: nobody can tell. */
  readonly disks: readonly string[];
  /** For people: `disk sda`, `s3.example.org`. */
  readonly shown: string;
}

export interface Administrator {
  /** What lets somebody in: who has one of them has all that it opens. */
  readonly marks: readonly string[];
  /** The name that the configuration gives them. */
  readonly name: string | undefined;
  /** For people. */
  readonly shown: string;
}

export const THIS_MACHINE = 'this machine';

/** Whether two may be lost with one disk, machine or service. */
export function mayShareMedium({ medium: one }: Keeping, { medium: other }: Keeping): boolean {
  if (!haveCommon(one.hosts, other.hosts)) return false;
  return one.disks.length === 0 || other.disks.length === 0 || haveCommon(one.disks, other.disks);
}

/** Whether one person may be able to destroy both. */
export function mayShareAdministrator({ administrator: one }: Keeping, { administrator: other }: Keeping): boolean {
  if (one.marks.length === 0 || other.marks.length === 0 || haveCommon(one.marks, other.marks)) return true;
  return one.name !== undefined && one.name === other.name;
}

/** Whether a copy is somewhere else than the original. Two names for one place make no two places. */
export function isOffSite({ place: copy }: Keeping, { place: original }: Keeping): boolean {
  const named = copy.site !== undefined && original.site !== undefined;
  if (named && copy.site === original.site) return false;
  if (copy.kind === 'here' && original.kind === 'here') return false;
  if (copy.kind === 'unknown' || original.kind === 'unknown') return named;
  if (copy.kind !== 'elsewhere' && original.kind !== 'elsewhere') return named;
  return !haveCommon(copy.hosts, original.hosts);
}

function haveCommon(some: readonly string[], others: readonly string[]): boolean {
  return some.some((one) => others.includes(one));
}
