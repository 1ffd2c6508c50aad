import type { FarHead } from './listing-parser.ts';

/** What the `tar` of another host can do. */
export interface TarDialect {
  readonly kind: 'gnu' | 'bsd' | 'busybox';
  /** Whether it tells and takes extended attributes. */
  readonly hasXattrs: boolean;
  /** Whether it takes any number of names from its stdin; else it is called again and again. */
  readonly takesNames: boolean;
}

/** Undefined where there is no `tar`. */
export function tarDialect({ tools, tarVersion }: Pick<FarHead, 'tools' | 'tarVersion'>): TarDialect | undefined {
  if (!tools.has('tar')) return undefined;
  const gnu = /GNU tar\D*(\d+)\.(\d+)/.exec(tarVersion);
  if (gnu !== null) {
    const hasXattrs = Number(gnu[1]) > 1 || Number(gnu[2]) >= 27;
    return { kind: 'gnu', hasXattrs, takesNames: true };
  }
  if (/bsdtar|libarchive/i.test(tarVersion)) return { kind: 'bsd', hasXattrs: false, takesNames: true };
  return { kind: 'busybox', hasXattrs: false, takesNames: false };
}

/** The command that writes the files to its stdout that are named on its stdin, each name with a NUL behind it. `follow`: what links lead to, instead of them. */
export function tarOutArgv(dialect: TarDialect, follow: boolean): string[] {
  const links = follow ? ['-h'] : [];
  if (dialect.kind === 'gnu') {
    const xattrs = dialect.hasXattrs ? ['--xattrs', '--xattrs-include=*'] : [];
    return [
      ...['tar', '--create', '--file=-', '--format=posix', '--pax-option=delete=atime,delete=ctime,delete=mtime'],
      ...['--absolute-names', '--numeric-owner', '--hard-dereference', '--sparse', '--no-recursion', ...xattrs],
      ...[...links, '--null', '--files-from=-'],
    ];
  }
  if (dialect.kind === 'bsd')
    return ['tar', '-c', '-f', '-', '--format', 'pax', '-P', '-n', ...links, '--null', '-T', '-'];
  return ['xargs', '-0', 'tar', '-c', '-f', '-', '--no-recursion', ...links];
}
