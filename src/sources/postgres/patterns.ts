/** The names that `schemas`, `tables` and their opposites choose, as pg_dump chooses them. */

import type { PostgresOptions } from './options.ts';
import { literal } from './quote.ts';

export interface NamePattern {
  /** A regular expression of PostgreSQL; undefined where the pattern names no schema. */
  readonly schema: string | undefined;
  readonly name: string;
}

/** Reads a pattern by the rules of psql ("Patterns" in its manual). */
export function readPattern(pattern: string): NamePattern {
  const parts: string[] = [''];
  let quoted = false;
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern[at]!;
    if (character === '"' && quoted && pattern[at + 1] === '"') {
      parts.push(`${parts.pop()!}"`);
      at += 1;
    } else if (character === '"') quoted = !quoted;
    else if (character === '.' && !quoted) parts.push('');
    else parts.push(parts.pop()! + expressionOf(character, quoted));
  }
  const name = parts.pop()!;
  return { schema: parts.pop(), name };
}

function expressionOf(character: string, quoted: boolean): string {
  if (quoted) return /[|*+?()[\]{}.^\\$]/.test(character) ? `\\${character}` : character;
  if (character === '*') return '.*';
  if (character === '?') return '.';
  return character === '$' ? '\\$' : character.toLowerCase();
}

type Choice = Pick<PostgresOptions, 'schemas' | 'tables' | 'exclude_schemas' | 'exclude_tables'>;

/** SQL that says whether the relation `c` in schema `n` is dumped. The search path must be the role's own. */
export function relationCondition({ schemas, tables, exclude_schemas, exclude_tables }: Choice): string {
  const chosen = tables === undefined ? schemaCondition({ schemas, exclude_schemas }) : anyOf(tables, matchesRelation);
  return exclude_tables === undefined ? chosen : `${chosen} AND NOT ${anyOf(exclude_tables, matchesRelation)}`;
}

/** SQL that says whether what is in schema `n` is dumped. */
export function schemaCondition({ schemas, exclude_schemas }: Pick<Choice, 'schemas' | 'exclude_schemas'>): string {
  const chosen = schemas === undefined ? 'true' : anyOf(schemas, matchesSchema);
  return exclude_schemas === undefined ? chosen : `${chosen} AND NOT ${anyOf(exclude_schemas, matchesSchema)}`;
}

function anyOf(patterns: readonly string[], condition: (pattern: NamePattern) => string): string {
  return `(${patterns.map((pattern) => condition(readPattern(pattern))).join(' OR ')})`;
}

function matchesRelation({ schema, name }: NamePattern): string {
  const inSchema = schema === undefined ? 'pg_catalog.pg_table_is_visible(c.oid)' : matches('n.nspname', schema);
  return `(${matches('c.relname', name)} AND ${inSchema})`;
}

function matchesSchema({ name }: NamePattern): string {
  return matches('n.nspname', name);
}

function matches(column: string, expression: string): string {
  return `${column}::text ~ ${literal(`^(${expression})$`)}`;
}
