/** What makes two snapshots two states of the same thing: retention and "latest" look at one series at a time. */
export interface SeriesMember {
  /** Name of the source, '' for a snapshot that Surety did not write. */
  readonly source: string;
  readonly host: string;
  readonly paths: readonly string[];
}

export interface Series<Member extends SeriesMember> extends SeriesMember {
  /** Equal for members of the same series. */
  readonly key: string;
  /** In the order they were given. */
  readonly members: readonly Member[];
}

/** The key of the series a snapshot belongs to: source, host and paths, whatever the order of the paths. */
export function seriesKey({ source, host, paths }: SeriesMember): string {
  return JSON.stringify([source, host, ...[...new Set(paths)].sort()]);
}

/** Groups snapshots into series, in the order in which each series first appears. */
export function groupSeries<Member extends SeriesMember>(members: Iterable<Member>): Series<Member>[] {
  const groups = new Map<string, Member[]>();
  for (const member of members) {
    const key = seriesKey(member);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [member]);
    else group.push(member);
  }
  return [...groups].map(([key, group]) => {
    const { source, host, paths } = group[0]!;
    return { key, source, host, paths, members: group };
  });
}
