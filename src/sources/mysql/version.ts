/** Versions of servers and programs. MariaDB and MySQL count differently, so a version belongs to one of them. */
export interface Version {
  readonly flavour: 'mariadb' | 'mysql';
  readonly major: number;
  readonly minor: number;
  /** As the server or program says it: `10.11.19-MariaDB`. */
  readonly text: string;
}

/** From what a program says: `mysqldump  Ver 10.19 Distrib 10.11.19-MariaDB, for …` or `mysql  Ver 8.0.36 for Linux on x86_64 (…)`. */
export function parseToolVersion(said: string): Version {
  const distribution = /\bDistrib ([^\s,]+)/.exec(said)?.[1];
  const from = /\bfrom (\d+\.\d+\.\d+\S*?),/.exec(said)?.[1];
  const own = /\bVer (\d+\.\d+\S*)/.exec(said)?.[1];
  const text = distribution ?? from ?? own ?? '';
  return versionOf(text, /mariadb/i.test(said));
}

/** From what `SELECT VERSION()` answers. Old replication made MariaDB put `5.5.5-` in front. */
export function parseServerVersion(said: string): Version {
  return versionOf(said.replace(/^5\.5\.5-(?=\d+\.)/, ''), /mariadb/i.test(said));
}

function versionOf(text: string, isMariadb: boolean): Version {
  const [, major = '0', minor = '0'] = /^(\d+)\.(\d+)/.exec(text) ?? [];
  return { flavour: isMariadb ? 'mariadb' : 'mysql', major: Number(major), minor: Number(minor), text };
}

/** True when both are of one flavour and `left` is the older release series. */
export function isOlder(left: Version, right: Version): boolean {
  if (left.flavour !== right.flavour) return false;
  return left.major < right.major || (left.major === right.major && left.minor < right.minor);
}
