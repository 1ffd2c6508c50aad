/** Reads YAML (and JSON, which is YAML) of other programs: its settings with their lines. */
import { type Document, isNode, LineCounter, parseAllDocuments, visit } from 'yaml';
import { messageOf, SuretyError } from '../base/errors.ts';
import { createLocator, type Path } from '../config/locate.ts';
import type { Setting } from './settings.ts';

export interface YamlDocument {
  /** Plain values; aliases are resolved. */
  readonly value: unknown;
  /** From 1; of the key, or of the nearest thing around what is not there. */
  lineOf(path: Path): number;
  /** Tags such as `!include` that only the other program understands, with their lines. */
  readonly tags: readonly { readonly tag: string; readonly line: number }[];
}

/** A file of configuration has a few; a document that repeats itself more often is there to use up memory. */
const MAX_ALIASES = 100;
const MAX_DEPTH = 50;
const MAX_SETTINGS = 2000;

/** All documents of a text. Throws `config.invalid` for what is no YAML, or would expand without end. */
export function readYaml(name: string, text: string): YamlDocument[] {
  const lines = new LineCounter();
  try {
    const found = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, merge: true, uniqueKeys: false });
    const documents: readonly Document[] = 'empty' in found ? [] : found;
    return documents.map((document) => toDocument(name, document, lines));
  } catch (cause) {
    if (cause instanceof SuretyError) throw cause;
    // The parser is recursive: what is nested without end is an error of its own kind.
    const why = cause instanceof RangeError ? 'it is nested too deeply' : messageOf(cause);
    throw notYaml(name, why, 1);
  }
}

function toDocument(name: string, document: Document, lines: LineCounter): YamlDocument {
  const locator = createLocator(document, lines);
  const [error] = document.errors;
  if (error !== undefined) throw notYaml(name, error.message, locator.at(error.pos[0]).line);
  const tags: { tag: string; line: number }[] = [];
  visit(document, {
    Node(_key, node) {
      const at = isNode(node) ? (node.range?.[0] ?? 0) : 0;
      if (node.tag?.startsWith('!') === true) tags.push({ tag: node.tag, line: locator.at(at).line });
    },
  });
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (cause) {
    throw notYaml(name, `its aliases can not be resolved (${messageOf(cause)})`, 1);
  }
  return { value, tags, lineOf: (path) => locator.locate(path, 'key').line };
}

function notYaml(name: string, why: string, line: number): SuretyError {
  const said = `${why.charAt(0).toLowerCase()}${why.slice(1)}`;
  return new SuretyError('config.invalid', `${name} can not be read as YAML: line ${line}: ${said}`, {
    hint: 'correct the file; the program it belongs to can not read it like this either',
  });
}

/** The settings of a document; `below` is the path of the part that is wanted, whose keys come without it. */
export function settingsOf(file: string, document: YamlDocument, below: Path = []): Setting[] {
  const found: Setting[] = [];
  const walk = (value: unknown, path: Path, key: string): void => {
    const add = (leaf: unknown) => {
      found.push({ file, line: document.lineOf(path), key, value: leaf });
    };
    if (found.length >= MAX_SETTINGS || path.length > MAX_DEPTH) throw tooMuch(file);
    if (Array.isArray(value)) {
      if (!value.some(isContainer)) add(value);
      else for (const [at, item] of value.entries()) walk(item, [...path, at], `${key}[${at}]`);
    } else if (isMapping(value)) {
      const entries = Object.entries(value);
      if (entries.length === 0 && path.length > below.length) add(null);
      for (const [name, item] of entries) walk(item, [...path, name], key === '' ? name : `${key}.${name}`);
    } else add(value);
  };
  const start = below.reduce<unknown>((value, step) => child(value, step), document.value);
  walk(start, below, '');
  return found;
}

function tooMuch(file: string): SuretyError {
  return new SuretyError('config.too-large', `${file} has more settings than a configuration has`, {
    hint: `at most ${MAX_SETTINGS} settings, nested ${MAX_DEPTH} deep, are read; is it the right file?`,
  });
}

export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isContainer(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function child(value: unknown, step: string | number): unknown {
  if (Array.isArray(value)) return value[Number(step)];
  return isMapping(value) && Object.hasOwn(value, step) ? value[step] : undefined;
}
