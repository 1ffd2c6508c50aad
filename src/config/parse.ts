/** Makes the configuration of what was read: every error is found and listed, nothing is guessed. */
import { dirname } from 'node:path';
import { type Document, LineCounter, parseDocument } from 'yaml';
import { build } from './build.ts';
import type { Config } from './config.ts';
import { documentSchema, NAME_RULE } from './document.ts';
import { type ConfigProblem, type Finding, inFileOrder, invalidConfig, placed } from './explain.ts';
import { checkHookHosts } from './hook-hosts.ts';
import { findingsOf } from './issues.ts';
import { createLocator, type Locator } from './locate.ts';
import { overlapsOf, selfMirrorsOf } from './overlap.ts';
import type { RawConfig } from './read.ts';
import { checkReferences, namesIn } from './references.ts';
import { checkHostStores } from './store-hosts.ts';
import { warningsOf } from './warnings.ts';

export interface ConfigCheck {
  /** Undefined when there are errors. */
  readonly config: Config | undefined;
  /** In the order of the file. */
  readonly errors: readonly ConfigProblem[];
  /** In the order of the file; empty when there are errors. */
  readonly warnings: readonly ConfigProblem[];
}

/** The configuration. Throws `config.invalid`, whose message lists every error with file, line, column and suggestion. */
export function parseConfig(read: RawConfig): Config {
  const { config, errors } = checkConfig(read);
  if (config === undefined) throw invalidConfig(read.shownAs, errors);
  return config;
}

/** The same without throwing: all errors, or the configuration with its warnings. */
export function checkConfig(read: RawConfig): ConfigCheck {
  const lines = new LineCounter();
  const document = parseDocument(read.text, { lineCounter: lines, prettyErrors: false, merge: true });
  const locator = createLocator(document, lines);
  const syntax = [...document.errors, ...document.warnings];
  const errors = syntax.map((error) => syntaxProblem(error, read.shownAs, locator));
  // A document with a key twice can still be understood, so that its other errors are listed as well.
  if (syntax.some(({ code }) => code !== 'DUPLICATE_KEY')) return failed(errors);

  const raw = plainValue(document, read.shownAs, locator);
  if ('problem' in raw) return failed([...errors, raw.problem]);
  const parsed = documentSchema.safeParse(raw.value);
  const findings: Finding[] = parsed.success ? [] : findingsOf(parsed.error.issues, raw.value);
  findings.push(...unseenNames(raw.value), ...checkReferences(raw.value), ...checkHookHosts(raw.value));
  findings.push(...checkHostStores(raw.value));
  errors.push(...placed(findings, read.shownAs, locator));
  if (!parsed.success || errors.length > 0) return failed(errors.sort(inFileOrder));

  const directory = dirname(read.file);
  const selfMirrors = selfMirrorsOf(parsed.data, directory);
  if (selfMirrors.length > 0) return failed(placed(selfMirrors, read.shownAs, locator));
  const doubts = [...warningsOf(raw.value, read.mode), ...overlapsOf(parsed.data, directory)];
  const warnings = placed(doubts, read.shownAs, locator);
  const config = build(parsed.data, { file: read.file, directory, warnings });
  return { config, errors: [], warnings };
}

/** Findings of others about a configuration that is right, at their places. */
export function placedIn(read: RawConfig, findings: readonly Finding[]): ConfigProblem[] {
  const lines = new LineCounter();
  const document = parseDocument(read.text, { lineCounter: lines, prettyErrors: false, merge: true });
  return placed(findings, read.shownAs, createLocator(document, lines));
}

/** The schema library drops this one key of a mapping without a word. */
function unseenNames(raw: unknown): Finding[] {
  const sections = ['hosts', 'sources', 'repositories', 'jobs', 'maintenance', 'scenarios'];
  const unseen = sections.filter((section) => namesIn(raw, section).includes('__proto__'));
  return unseen.map((section) => ({ path: [section, '__proto__'], at: 'key', message: NAME_RULE }));
}

function failed(errors: readonly ConfigProblem[]): ConfigCheck {
  return { config: undefined, errors, warnings: [] };
}

/** The document as plain values; an anchor that expands without end is refused. */
function plainValue(
  document: Document,
  file: string,
  locator: Locator,
): { value: unknown } | { problem: ConfigProblem } {
  try {
    const value: unknown = document.toJS();
    if (value !== null && value !== undefined) return { value };
    return {
      problem: {
        file,
        ...locator.at(0),
        path: '',
        message: 'the file is empty',
        suggestion: 'write one with surety init',
      },
    };
  } catch {
    return { problem: { file, ...locator.at(0), path: '', message: 'an alias (*name) in it can not be resolved' } };
  }
}

interface SyntaxError {
  readonly code: string;
  readonly pos: readonly [number, number];
  readonly message: string;
}

function syntaxProblem({ code, pos, message }: SyntaxError, file: string, locator: Locator): ConfigProblem {
  const place = { file, ...locator.at(pos[0]), path: '' };
  if (code === 'DUPLICATE_KEY') {
    return { ...place, message: 'this key stands here twice', suggestion: 'remove or rename one of them' };
  }
  if (code === 'TAB_AS_INDENT') return { ...place, message: 'a tab can not indent', suggestion: 'use spaces' };
  if (code === 'MULTIPLE_DOCS') {
    return { ...place, message: 'a second document begins here', suggestion: 'remove the --- line' };
  }
  const bracket = /end with a ([\]}])$/.exec(message)?.[1];
  if (bracket !== undefined) return { ...place, message: `a bracket is not closed, ${bracket} is missing` };
  return { ...place, message: `this is not YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}` };
}
