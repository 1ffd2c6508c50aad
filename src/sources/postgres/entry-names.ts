/** Which file of a snapshot holds what. */
import { RESERVED_NAME } from '../source.ts';
import type { DumpFormat } from './options.ts';

export const GLOBALS_FILE = 'globals.sql';
export const DUMPALL_FILE = 'dumpall.sql';
export const TOC_FILE = 'toc.dat';

const ENDINGS: Readonly<Record<Exclude<DumpFormat, 'dumpall'>, string>> = {
  plain: '.sql',
  custom: '.dump',
  directory: '.dir',
};
const TAKEN: readonly string[] = [GLOBALS_FILE, DUMPALL_FILE, RESERVED_NAME];

/**
 * The file or folder of a database: its name with an ending. Bytes that are trouble in file names, and the first letter of names that
 * mean something else here, are percent-encoded, so that {@link partOf} gives back every name.
 */
export function entryNameOf(database: string, format: Exclude<DumpFormat, 'dumpall'>): string {
  const encoded = database.replaceAll(/[\p{Cc}/\\%]|^\./gu, percent);
  const name = encoded + ENDINGS[format];
  return TAKEN.includes(name) ? percent(encoded[0] ?? '') + name.slice(1) : name;
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

export type Part =
  | { readonly kind: 'globals' }
  | { readonly kind: 'dumpall' }
  | { readonly kind: 'database'; readonly database: string; readonly format: Exclude<DumpFormat, 'dumpall'> };

/** What a name at the top of a snapshot stands for; undefined for what this source does not write. */
export function partOf(name: string): Part | undefined {
  if (name === GLOBALS_FILE) return { kind: 'globals' };
  if (name === DUMPALL_FILE) return { kind: 'dumpall' };
  for (const format of ['plain', 'custom', 'directory'] as const) {
    if (!name.endsWith(ENDINGS[format])) continue;
    const encoded = name.slice(0, -ENDINGS[format].length);
    const database = encoded.replaceAll(/%([0-9A-F]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    return database === '' ? undefined : { kind: 'database', database, format };
  }
  return undefined;
}
