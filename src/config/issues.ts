/** Says in words what the schema found. */
import type * as z from 'zod';
import { didYouMean, listed } from '../base/nearest.ts';
import type { Finding } from './explain.ts';
import { PLANNED_REPOSITORY_KINDS, PLANNED_SOURCE_KINDS } from './kinds.ts';
import type { Path } from './locate.ts';
import { knownKeys, valueAt } from './schema.ts';

type Issue = z.core.$ZodIssue;

/** The findings of all issues about the document `raw`. */
export function findingsOf(issues: readonly Issue[], raw: unknown): Finding[] {
  const findings = issues.flatMap((issue) => describe(issue, toPath(issue.path), raw));
  return findings.filter(({ path, at }) => at === 'key' || !findings.some((other) => isBelow(other.path, path)));
}

/** What is wrong with a whole mapping follows from what is wrong inside it. */
function isBelow(path: Path, above: Path): boolean {
  return path.length > above.length && above.every((step, at) => path[at] === step);
}

function describe(issue: Issue, path: Path, raw: unknown): Finding[] {
  const value = valueAt(raw, path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(key, path, raw));
    case 'invalid_union':
      return describeUnion(issue, path, raw);
    case 'invalid_key':
      return issue.issues.map((inner) => ({ path, at: 'key', message: inner.message }));
    case 'invalid_type':
      if (value === undefined) return [missing(path)];
      return [
        { path, ...(hasOwnMessage(issue) ? { message: issue.message } : wrongType([expectedName(issue)], value)) },
      ];
    case 'invalid_value': {
      if (value === undefined) return [missing(path)];
      const values = issue.values.map(String);
      const suggestion = typeof value === 'string' ? didYouMean(value, values) : undefined;
      return [{ path, message: `must be ${listed(values, 'or')}`, suggestion }];
    }
    case 'too_small':
      return [{ path, message: tooSmall(issue) }];
    case 'too_big':
      return [{ path, message: `must be at most ${issue.maximum}` }];
    case 'custom':
      return [{ path, message: issue.message, suggestion: hintOf(issue.params) }];
    default:
      return [{ path, message: issue.message }];
  }
}

function unknownKey(key: string, path: Path, raw: unknown): Finding {
  const known = knownKeys(raw, path);
  const used = Object.keys((valueAt(raw, path) ?? {}) as object);
  const free = known.filter((candidate) => !used.includes(candidate));
  const suggestion = didYouMean(key, free) ?? (known.length === 0 ? undefined : `known here: ${listed(known, 'and')}`);
  return { path: [...path, key], at: 'key', message: 'this key is not known', suggestion };
}

function describeUnion(issue: z.core.$ZodIssueInvalidUnion, path: Path, raw: unknown): Finding[] {
  const value = valueAt(raw, path);
  if (issue.discriminator !== undefined) return [wrongKind(path, value, optionsOf(issue))];
  if (value === undefined) return [missing(path)];
  const fitting = issue.errors.filter((errors) => !errors.some(isOfOtherType));
  if (fitting.length === 0) {
    const wanted = issue.errors.flat().flatMap(wantedNames);
    return [{ path, ...wrongType(wanted, value) }];
  }
  const [only] = fitting;
  if (fitting.length === 1 && only !== undefined) return describeInner(only, path, raw);
  return describeMapping(fitting, path, raw);
}

function describeInner(issues: readonly Issue[], path: Path, raw: unknown): Finding[] {
  return issues.flatMap((issue) => describe(issue, [...path, ...toPath(issue.path)], raw));
}

function isOfOtherType(issue: Issue): boolean {
  return (issue.code === 'invalid_type' || issue.code === 'invalid_value') && issue.path.length === 0;
}

function wantedNames(issue: Issue): string[] {
  if (issue.code === 'invalid_value') return issue.values.map(String);
  return issue.code === 'invalid_type' ? [expectedName(issue)] : [];
}

/** A mapping that is none of several possible ones: keys that no variant knows are the likely slip. */
function describeMapping(variants: readonly (readonly Issue[])[], path: Path, raw: unknown): Finding[] {
  const unknown = variants.map((errors) =>
    errors.flatMap((error) => (error.code === 'unrecognized_keys' ? error.keys : [])),
  );
  const inAll = (unknown[0] ?? []).filter((key) => unknown.every((keys) => keys.includes(key)));
  if (inAll.length > 0) return inAll.map((key) => unknownKey(key, path, raw));
  const close = variants.find((errors) => errors.every((error) => error.code !== 'unrecognized_keys'));
  const started = close?.some((error) => valueAt(raw, [...path, ...toPath(error.path)]) !== undefined);
  if (close !== undefined && started === true) return describeInner(close, path, raw);
  return [{ path, message: 'must have exactly one key', suggestion: `one of ${listed(knownKeys(raw, path), 'or')}` }];
}

function wrongKind(path: Path, value: unknown, available: readonly string[]): Finding {
  const of = path[0] === 'repositories' ? 'repository' : 'source';
  const planned = of === 'repository' ? PLANNED_REPOSITORY_KINDS : PLANNED_SOURCE_KINDS;
  const has = `this version has: ${listed(available, 'and')}`;
  if (value === undefined || value === null) return { path, message: 'the type is missing', suggestion: has };
  if (typeof value !== 'string') return { path, message: `must be ${listed(available, 'or')}` };
  if (planned.includes(value)) {
    return { path, message: `a ${of} of type ${value} is not available in this version`, suggestion: has };
  }
  return { path, message: `there is no ${of} of type ${value}`, suggestion: didYouMean(value, available) ?? has };
}

function optionsOf(issue: z.core.$ZodIssueInvalidUnion): string[] {
  return 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
}

/** Whether the message is the schema's own and not one that the schema library made. */
function hasOwnMessage(issue: Issue): boolean {
  return !/^(Invalid|Too) /.test(issue.message);
}

function missing(path: Path): Finding {
  return { path, at: 'key', message: 'this is missing' };
}

/** Values are not shown: this one may be a secret. */
function wrongType(wanted: readonly string[], value: unknown): { message: string; suggestion?: string | undefined } {
  const expected = listed([...new Set(wanted)], 'or');
  if (value === null) return { message: `has no value, must be ${expected}` };
  const quotable = wanted.includes(TYPE_NAMES.string ?? '') && typeof value !== 'object';
  return {
    message: `must be ${expected}, not ${typeName(value, wanted)}`,
    suggestion: quotable ? 'put it in quotes' : undefined,
  };
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping of keys to values',
  record: 'a mapping of names to values',
};

function expectedName(issue: z.core.$ZodIssueInvalidType): string {
  return TYPE_NAMES[issue.expected] ?? issue.expected;
}

function typeName(value: unknown, wanted: readonly string[]): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value === 'string') return 'text';
  if (typeof value !== 'number') return 'true or false';
  return wanted.includes(TYPE_NAMES.int ?? '') ? 'a fraction' : 'a number';
}

function tooSmall(issue: z.core.$ZodIssueTooSmall): string {
  if (issue.origin === 'number' || issue.origin === 'int') return `must be at least ${issue.minimum}`;
  return hasOwnMessage(issue) ? issue.message : 'must not be empty';
}

function hintOf(params: unknown): string | undefined {
  if (typeof params !== 'object' || params === null || !('hint' in params)) return undefined;
  return typeof params.hint === 'string' ? params.hint : undefined;
}

function toPath(path: readonly PropertyKey[]): Path {
  return path.map((step) => (typeof step === 'symbol' ? String(step) : step));
}
