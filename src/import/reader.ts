/** Takes settings with the type they should have; what has another one is told and left out. */
import type { Draft } from './draft.ts';
import { countOf, flagOf, type Setting, type Settings, textOf, textsOf } from './settings.ts';

export interface Taken<Value> {
  readonly value: Value;
  readonly from: Setting;
}

export interface Reader {
  text(key: string): Taken<string> | undefined;
  texts(key: string): Taken<string[]> | undefined;
  count(key: string): Taken<number> | undefined;
  flag(key: string): Taken<boolean> | undefined;
}

export function createReader(settings: Settings, draft: Draft): Reader {
  const of =
    <Value>(parse: (setting: Setting) => Value | undefined, wanted: string) =>
    (key: string): Taken<Value> | undefined => {
      const from = settings.take(key);
      const value = from === undefined ? undefined : parse(from);
      if (from !== undefined && value === undefined) {
        draft.omit(from, `it must be ${wanted}`, `correct it and import again, or write the new key by hand`);
      }
      return from === undefined || value === undefined ? undefined : { value, from };
    };
  return {
    text: of(textOf, 'one text'),
    texts: of(textsOf, 'a list of texts'),
    count: of(countOf, 'a whole number'),
    flag: of(flagOf, 'true or false'),
  };
}

/** Tells of all settings that nobody took. */
export function omitUnknown(settings: Settings, draft: Draft, of: string): void {
  for (const setting of settings.left()) {
    draft.omit(setting, `${of} has no such key that Surety knows`, 'look up what it does, and whether you need it');
  }
}
