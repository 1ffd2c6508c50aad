/**
 * Makes a draft fit what this version can do: a translator writes the configuration as it should be, and what the schema does
 * not take is set aside with the reason, so that the rest is valid.
 */

import { documentSchema } from '../config/document.ts';
import type { Finding } from '../config/explain.ts';
import { findingsOf } from '../config/issues.ts';
import { checkReferences } from '../config/references.ts';
import { type Draft, type Part, SECTIONS, type Section } from './draft.ts';

/** A part, a key of a part, or an item of a key's list that is not in the configuration. */
export interface SetAside {
  readonly section: Section;
  readonly name: string;
  /** Undefined: the whole part. */
  readonly key: string | undefined;
  /** What it should have been: the part, or the whole value of the key. */
  readonly value: unknown;
  readonly reason: string;
  readonly remedy: string | undefined;
}

export interface Fitted {
  readonly sections: Readonly<Record<Section, ReadonlyMap<string, Part>>>;
  readonly setAside: readonly SetAside[];
  /** Jobs that go to other repositories than they should. */
  readonly moved: readonly string[];
  /** The repository that stands in for others, when none was left. */
  readonly standIn: string | undefined;
}

type Parts = Record<Section, Map<string, Record<string, unknown>>>;

interface Bench {
  readonly parts: Parts;
  readonly setAside: SetAside[];
  readonly moved: Set<string>;
}

export const STAND_IN = 'vault';
const STAND_IN_REPOSITORY = { type: 'restic', store: 'file:surety-vault', password: { file: 'surety-password' } };

/** Everything in a part that nothing works without: when it does not fit, the part does not. */
const ESSENTIAL: Readonly<Record<Section, readonly string[]>> = {
  sources: ['type', 'path', 'paths', 'command', 'databases', 'database', 'host'],
  repositories: ['type', 'store', 'path', 'password'],
  jobs: [],
};

/** Rounds of looking and setting aside; each takes at least one thing away. */
const MAX_ROUNDS = 1000;

export function fit({ sections }: Pick<Draft, 'sections'>): Fitted {
  const bench: Bench = { parts: copy(sections), setAside: [], moved: new Set() };
  let standIn: string | undefined;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    if (bench.parts.repositories.size === 0) {
      standIn = STAND_IN;
      bench.parts.repositories.set(STAND_IN, { ...STAND_IN_REPOSITORY });
    }
    const finding = firstFinding(bench.parts);
    if (finding === undefined) break;
    remove(bench, finding);
  }
  return { sections: bench.parts, setAside: bench.setAside, moved: [...bench.moved], standIn };
}

/** The configuration as a plain document. */
export function documentOf(parts: Fitted['sections']): Record<string, unknown> {
  const filled = SECTIONS.filter((section) => parts[section].size > 0);
  return Object.fromEntries(filled.map((section) => [section, Object.fromEntries(parts[section])]));
}

/** Kinds and stores first: what names them follows. */
function firstFinding(parts: Parts): Finding | undefined {
  const raw = documentOf(parts);
  const parsed = documentSchema.safeParse(raw);
  const found = parsed.success ? [] : findingsOf(parsed.error.issues, raw);
  return [...found, ...checkReferences(raw)].find(({ path }) => isSection(path[0]) && path.length > 1);
}

function isSection(step: unknown): step is Section {
  return SECTIONS.includes(step as Section);
}

function remove(bench: Bench, { path, message, suggestion }: Finding): void {
  const [section, name, key, item] = path as readonly [Section, string, string?, (string | number)?];
  const part = bench.parts[section].get(name);
  if (part === undefined) return;
  const why = { reason: message, remedy: suggestion };
  const value = key === undefined ? undefined : part[key];
  const isList = Array.isArray(value) && typeof item === 'number';
  // A finding about a key that is not there says that the part can not do without it.
  if (key === undefined || value === undefined || (ESSENTIAL[section].includes(key) && !isList)) {
    setPartAside(bench, section, name, why);
    return;
  }
  setKeyAside(bench, { section, name, key, value, ...why });
  const rest = isList ? value.filter((_, at) => at !== item) : [];
  if (rest.length > 0) part[key] = rest;
  else if (ESSENTIAL[section].includes(key)) setPartAside(bench, section, name, why);
  else delete part[key];
}

/** Of a key that loses several items, what it was at first and the first reason are told. */
function setKeyAside(bench: Bench, aside: SetAside): void {
  const known = bench.setAside.some(
    (one) => one.section === aside.section && one.name === aside.name && one.key === aside.key,
  );
  if (!known) bench.setAside.push(aside);
}

function setPartAside(bench: Bench, section: Section, name: string, why: Pick<SetAside, 'reason' | 'remedy'>): void {
  const { parts } = bench;
  bench.setAside.push({ section, name, key: undefined, value: parts[section].get(name), ...why });
  parts[section].delete(name);
  const key = section === 'sources' ? 'sources' : 'to';
  if (section !== 'jobs') for (const job of [...parts.jobs.keys()]) forget(bench, { job, key, name, ...why });
  if (section === 'sources') forgetOrder(parts, name);
}

interface Forgotten extends Pick<SetAside, 'reason' | 'remedy'> {
  readonly job: string;
  readonly key: 'sources' | 'to';
  readonly name: string;
}

/** Takes a name out of a job. Without sources a job has nothing to do; without repositories it goes to those there are. */
function forget(bench: Bench, { job, key, name, ...why }: Forgotten): void {
  const part = bench.parts.jobs.get(job);
  const names = part?.[key];
  if (part === undefined || !Array.isArray(names) || !names.includes(name)) return;
  const rest = names.filter((one) => one !== name);
  if (rest.length === 0 && key === 'sources') {
    setPartAside(bench, 'jobs', job, why);
    return;
  }
  setKeyAside(bench, { section: 'jobs', name: job, key, value: names, ...why });
  part[key] = rest.length > 0 ? rest : 'all';
  if (rest.length === 0) bench.moved.add(job);
}

function forgetOrder(parts: Parts, name: string): void {
  for (const part of parts.sources.values()) {
    if (!Array.isArray(part.after)) continue;
    const rest = part.after.filter((one) => one !== name);
    if (rest.length > 0) part.after = rest;
    else delete part.after;
  }
}

function copy(sections: Draft['sections']): Parts {
  const of = (section: Section) => new Map([...sections[section]].map(([name, part]) => [name, { ...part }]));
  return { sources: of('sources'), repositories: of('repositories'), jobs: of('jobs') };
}
