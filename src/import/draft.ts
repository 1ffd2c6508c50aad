/** A configuration that is being made of a foreign one, with the account of where each part of it came from. */
import type { Setting } from './settings.ts';

/** In `maintenance`, the names of parts are verbs; in `notifications`, ways to tell people. */
export const SECTIONS = ['sources', 'repositories', 'jobs', 'maintenance', 'notifications'] as const;
export type Section = (typeof SECTIONS)[number];

/** What became of a setting: the key of `surety.yaml` that says the same. */
export interface Carried {
  readonly file: string;
  readonly line: number;
  readonly key: string;
  /** `repositories.cloud.store`. */
  readonly to: readonly [Section, string, string];
}

/** A setting that the new configuration does not say. */
export interface NotCarried {
  readonly file: string;
  readonly line: number;
  readonly key: string;
  readonly reason: string;
  /** What to do instead. */
  readonly remedy: string;
}

/** Something to know about a setting that was carried over, or about what it became. */
export interface Note {
  readonly file: string;
  readonly line: number;
  readonly key: string;
  readonly message: string;
}

/** The value of a section's part, in the order its keys were put. */
export type Part = Readonly<Record<string, unknown>>;

export interface Draft {
  /** Sets a key of a part; `from` are the settings that say so, none for a default of the other program. */
  put(section: Section, name: string, key: string, value: unknown, ...from: readonly (Setting | undefined)[]): void;
  has(section: Section, name: string): boolean;
  /** What stands above the part in the file. */
  comment(section: Section, name: string, text: string): void;
  omit(setting: Setting, reason: string, remedy: string): void;
  note(setting: Setting, message: string): void;
  readonly sections: Readonly<Record<Section, ReadonlyMap<string, Part>>>;
  readonly comments: ReadonlyMap<string, string>;
  readonly carried: readonly Carried[];
  readonly notCarried: readonly NotCarried[];
  readonly notes: readonly Note[];
}

export function createDraft(): Draft {
  const sections = {
    sources: new Map(),
    repositories: new Map(),
    jobs: new Map(),
    maintenance: new Map(),
    notifications: new Map(),
  } as const;
  const parts: Readonly<Record<Section, Map<string, Record<string, unknown>>>> = sections;
  const comments = new Map<string, string>();
  const carried: Carried[] = [];
  const notCarried: NotCarried[] = [];
  const notes: Note[] = [];
  return {
    ...{ sections, comments, carried, notCarried, notes },
    put(section, name, key, value, ...from) {
      const part = parts[section].get(name) ?? {};
      parts[section].set(name, { ...part, [key]: value });
      for (const setting of from) {
        if (setting !== undefined) carried.push({ ...placeOf(setting), to: [section, name, key] });
      }
    },
    has: (section, name) => parts[section].has(name),
    comment: (section, name, text) => void comments.set(`${section}.${name}`, text),
    omit: (setting, reason, remedy) => void notCarried.push({ ...placeOf(setting), reason, remedy }),
    note: (setting, message) => void notes.push({ ...placeOf(setting), message }),
  };
}

function placeOf({ file, line, key }: Setting): Pick<Setting, 'file' | 'line' | 'key'> {
  return { file, line, key };
}
