/** One setting of a foreign configuration at its place, and the bookkeeping of which of them were looked at. */

/** A value with the key it has in its file: `backup.retention.daily`, `DB_HOST`, `restic backup --exclude`. */
export interface Setting {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly key: string;
  /** Text, number, true or false, null, or a list of these. */
  readonly value: unknown;
}

/** Settings that are taken one by one: what nobody took is what a translator does not know. */
export interface Settings {
  /** The last one with this key, or undefined where there is none or it is empty. It counts as looked at. */
  take(key: string): Setting | undefined;
  /** All that are below a key (`cloud.s3` has `cloud.s3.bucket`), in order. They count as looked at. */
  takeBelow(key: string): Setting[];
  /** Whether there is one with this key, or below it, that says something. Nothing counts as looked at. */
  has(key: string): boolean;
  /** Those that nobody looked at and that say something, in order. */
  left(): Setting[];
}

export function createSettings(all: readonly Setting[]): Settings {
  const taken = new Set<Setting>();
  return {
    take(key) {
      const found = all.filter((setting) => setting.key === key);
      for (const setting of found) taken.add(setting);
      return found.findLast(says);
    },
    takeBelow(key) {
      const found = all.filter((setting) => isBelow(setting.key, key) && !taken.has(setting));
      for (const setting of found) taken.add(setting);
      return found.filter(says);
    },
    has: (key) => all.some((setting) => (setting.key === key || isBelow(setting.key, key)) && says(setting)),
    left: () => all.filter((setting) => !taken.has(setting) && says(setting)),
  };
}

function isBelow(key: string, above: string): boolean {
  return key.startsWith(`${above}.`) || key.startsWith(`${above}[`);
}

/** `key: null`, an empty list and `NAME=` say nothing. */
function says({ value }: Setting): boolean {
  if (value === null || value === undefined) return false;
  return Array.isArray(value) ? value.length > 0 : value !== '';
}

/** A setting as text: numbers, true and false as they are written. Undefined for lists. */
export function textOf({ value }: Setting): string | undefined {
  if (typeof value === 'string') return value.trim();
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

/** A whole number from 0 on, also where it is written as text. */
export function countOf(setting: Setting): number | undefined {
  const text = textOf(setting) ?? '';
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** Yes and no in the ways people write them. */
export function flagOf(setting: Setting): boolean | undefined {
  const text = (textOf(setting) ?? '').toLowerCase();
  if (['true', 'yes', 'on', '1', 'y'].includes(text)) return true;
  return ['false', 'no', 'off', '0', 'n', 'none'].includes(text) ? false : undefined;
}

/** A list of texts, or the one text where a list may stand. Undefined when anything else is in it. */
export function textsOf(setting: Setting): string[] | undefined {
  const list: readonly unknown[] = Array.isArray(setting.value) ? setting.value : [setting.value];
  const texts = list.map((value) => textOf({ ...setting, value }));
  return texts.every((text) => text !== undefined && text !== '') ? (texts as string[]) : undefined;
}
