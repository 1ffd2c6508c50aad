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
    return { what, able: false, by: `missing: ${missing.join(', ')}` };
  };
  const { find, tar } = userland;
  const lister = find === 'missing' ? (has('python3') ? named('python3') : undefined) : `${find} find`;
  const isAble = lister !== undefined && tar !== 'missing';
  const missing = [...(lister === undefined ? ['find'] : []), ...(tar === 'missing' ? ['tar'] : [])].join(', ');
  const by = isAble ? `${lister}, ${tar} tar` : `missing: ${missing}`;
  return [
    { what: 'commands', able: true, by: 'sh' },
    { what: 'file trees', able: isAble, by },
    anyOf('PostgreSQL', ['pg_dump', 'psql']),
    anyOf('MySQL, MariaDB', ['mariadb-dump', 'mariadb'], ['mysqldump', 'mysql']),
    anyOf('SQLite', ['sqlite3'], ['python3']),
    ...(shell ? [anyOf('rsync mirrors', ['rsync']), anyOf('Borg repositories', ['borg'])] : []),
  ];
}
