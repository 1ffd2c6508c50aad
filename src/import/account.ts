/** What became of each setting: carried over, not carried over, or worth a note. */
import { CONFIG_NAME } from '../config/read.ts';
import type { Carried, Draft, NotCarried, Note } from './draft.ts';
import type { Fitted, SetAside } from './fit.ts';

export interface Account {
  readonly carried: readonly (Omit<Carried, 'to'> & { readonly to: string })[];
  readonly notCarried: readonly NotCarried[];
  readonly notes: readonly Note[];
}

/** `file` is named for what no setting says. */
export function accountOf(draft: Draft, fitted: Fitted, file: string): Account {
  const carried: (Omit<Carried, 'to'> & { to: string })[] = [];
  const asides: Aside[] = [];
  for (const { to, ...setting } of draft.carried) {
    const aside = fitted.setAside.find(
      (one) => one.section === to[0] && one.name === to[1] && (one.key ?? to[2]) === to[2],
    );
    if (aside === undefined) carried.push({ ...setting, to: to.join('.') });
    else asides.push({ aside, setting });
  }
  // What says several things, and one of them in the new file, is there.
  const isThere = new Set(carried.map(settingName));
  const lost = asides.filter(({ setting }) => !isThere.has(settingName(setting)));
  const all = [...lost, ...untold(fitted, lost, file)].map(({ aside, setting }): NotCarried => {
    return { ...setting, reason: aside.reason, remedy: remedyOf(aside) };
  });
  return {
    carried,
    notCarried: inOrder([...draft.notCarried, ...all]),
    notes: [...draft.notes, ...standInNote(fitted, file)],
  };
}

interface Aside {
  readonly aside: SetAside;
  readonly setting: Pick<NotCarried, 'file' | 'line' | 'key'>;
}

/** What was set aside although no setting says it, or only one that says something else too. That a job lacks a name is told of what has the name. */
function untold({ setAside }: Fitted, told: readonly Aside[], file: string): Aside[] {
  const known = new Set(told.map(({ aside }) => aside));
  const rest = setAside.filter(
    (aside) => !known.has(aside) && !(aside.section === 'jobs' && ['sources', 'to'].includes(aside.key ?? '')),
  );
  return rest.map((aside) => {
    const key = [aside.section, aside.name, ...(aside.key === undefined ? [] : [aside.key])].join('.');
    return { aside, setting: { file, line: 1, key } };
  });
}

function standInNote({ standIn }: Fitted, file: string): Note[] {
  if (standIn === undefined) return [];
  const message =
    'none of the repositories is available in this version: this one, of the restic kind in a folder here, stands in; choose its place and password';
  return [{ file, line: 1, key: `repositories.${standIn}`, message }];
}

function settingName({ file, line, key }: Pick<NotCarried, 'file' | 'line' | 'key'>): string {
  return [file, line, key].join('\0');
}

function remedyOf({ remedy }: SetAside): string {
  return `it stands in ${CONFIG_NAME} as a comment${remedy === undefined ? '' : `; ${remedy}`}`;
}

/** By line within each file, files in the order they first appear. */
function inOrder(all: readonly NotCarried[]): NotCarried[] {
  const files = [...new Set(all.map(({ file }) => file))];
  const sorted = all.toSorted((a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line);
  const seen = new Set<string>();
  return sorted.filter((one) => {
    const line = [settingName(one), one.reason].join('\0');
    return !seen.has(line) && seen.add(line);
  });
}
