import type { ProbeAnswer } from './probe-script.ts';

/** What Surety can do with a host, and what it can not for lack of a program. */
export interface Ability {
  /** `file trees`, `PostgreSQL`, … */
  readonly what: string;
  readonly able: boolean;
  /** With what it is done, or what is missing. */
  readonly by: string;
}

/** `remote`: the host is reached by `ssh`, so that programs such as rsync get there themselves. */
export function abilitiesOf({ userland, tools }: ProbeAnswer, { shell }: { readonly shell: boolean }): Ability[] {
  const has = (name: string): boolean => tools.some((tool) => tool.name === name);
  const named = (name: string): string => {
    const { version = '' } = tools.find((tool) => tool.name === name) ?? {};
    return version === '' ? name : `${name} ${version}`;
  };
  const anyOf = (what: string, ...alternatives: readonly (readonly string[])[]): Ability => {
    const found = alternatives.find((names) => names.every(has));
    if (found !== undefined) return { what, able: true, by: found.map(named).join(', ') };
    const missing = (alternatives[0] ?? []).filter((name) => !has(name));
    return { what, able: false, by: `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing` };
  };
  const { find, tar } = userland;
  const trees: Ability =
    find === 'missing' || tar === 'missing'
      ? { what: 'file trees', able: false, by: `${find === 'missing' ? 'find' : 'tar'} is missing` }
      : { what: 'file trees', able: true, by: `${find} find, ${tar} tar` };
  return [
    { what: 'commands', able: true, by: 'sh' },
    trees,
    anyOf('PostgreSQL', ['pg_dump', 'psql']),
    anyOf('MySQL, MariaDB', ['mariadb-dump', 'mariadb'], ['mysqldump', 'mysql']),
    anyOf('SQLite', ['sqlite3']),
    ...(shell ? [anyOf('rsync mirrors', ['rsync']), anyOf('Borg repositories', ['borg'])] : []),
  ];
}
