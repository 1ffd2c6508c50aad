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
  /** The repository that stands in for all others, when none was left. */
  readonly standIn: string | undefined;
}

type Parts = Record<Section, Map<string, Record<string, unknown>>>;

interface Bench {
  readonly parts: Parts;
  readonly setAside: SetAside[];
}

type Why = Pick<SetAside, 'reason' | 'remedy'>;

const STAND_IN = 'vault';
const STAND_IN_REPOSITORY = { type: 'restic', store: 'file:surety-vault', password: { file: 'surety-password' } };

/** Everything in a part that nothing works without: when it does not fit, the part does not. */
const ESSENTIAL: Readonly<Record<Section, readonly string[]>> = {
  sources: ['type', 'path', 'paths', 'command', 'databases', 'database', 'host'],
  repositories: ['type', 'store', 'path', 'password'],
  jobs: [],
  maintenance: ['schedule'],
  notifications: ['server', 'from', 'to', 'user', 'password'],
};

/** Rounds of looking and setting aside; each takes at least one thing away. */
const MAX_ROUNDS = 1000;

/** Repositories and sources first: jobs are made of them. A job that is left without either is set aside. */
export function fit({ sections }: Pick<Draft, 'sections'>): Fitted {
  const bench: Bench = { parts: copy(sections), setAside: [] };
  settle(bench, ['repositories', 'sources']);
  const { repositories, jobs } = bench.parts;
  const standIn = repositories.size === 0 ? STAND_IN : undefined;
  if (standIn !== undefined) repositories.set(standIn, { ...STAND_IN_REPOSITORY });
  for (const job of [...jobs.keys()]) {
    keepNames(bench, job, 'sources');
    keepNames(bench, job, 'to', standIn);
  }
  settle(bench, SECTIONS);
  return { sections: bench.parts, setAside: bench.setAside, standIn };
}

function settle(bench: Bench, sections: readonly Section[]): void {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const findings = firstFindings(bench.parts, sections);
    if (findings.length === 0) return;
    for (const finding of findings) remove(bench, finding);
  }
}

/** The configuration as a plain document. */
export function documentOf(parts: Fitted['sections']): Record<string, unknown> {
  const filled = SECTIONS.filter((section) => parts[section].size > 0);
  return Object.fromEntries(filled.map((section) => [section, Object.fromEntries(parts[section])]));
}

/** One for each part: what is wrong besides may be another thing once that is gone. */
function firstFindings(parts: Parts, sections: readonly Section[]): Finding[] {
  const raw = documentOf(parts);
  const parsed = documentSchema.safeParse(raw);
  const found = parsed.success ? [] : findingsOf(parsed.error.issues, raw);
  const first = new Map<string, Finding>();
  for (const finding of [...found, ...checkReferences(raw)]) {
    const [section, name] = finding.path;
    const id = `${section}\0${name}`;
    if (sections.includes(section as Section) && name !== undefined && !first.has(id)) first.set(id, finding);
  }
  return [...first.values()];
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

function setPartAside({ parts, setAside }: Bench, section: Section, name: string, why: Why): void {
  setAside.push({ section, name, key: undefined, value: parts[section].get(name), ...why });
  parts[section].delete(name);
}

/** Takes names out of a job that are not there. Nothing goes to a repository it was not meant for, but to the one that stands in for all. */
function keepNames(bench: Bench, job: string, key: 'sources' | 'to', standIn?: string): void {
  const { parts, setAside } = bench;
  const part = parts.jobs.get(job);
  const names = part?.[key];
  if (part === undefined || !Array.isArray(names)) return;
  const section = key === 'to' ? 'repositories' : 'sources';
  const rest = names.filter((name) => parts[section].has(name));
  if (rest.length === names.length) return;
  const cause = setAside.find((one) => one.section === section && one.key === undefined && names.includes(one.name));
  const why = { reason: cause?.reason ?? `it has no ${key}`, remedy: cause?.remedy };
  if (rest.length === 0 && standIn === undefined) setPartAside(bench, 'jobs', job, why);
  else {
    setKeyAside(bench, { section: 'jobs', name: job, key, value: names, ...why });
    part[key] = rest.length > 0 || standIn === undefined ? rest : [standIn];
  }
}

function copy(sections: Draft['sections']): Parts {
  const of = (section: Section) => new Map([...sections[section]].map(([name, part]) => [name, { ...part }]));
  return {
    sources: of('sources'),
    repositories: of('repositories'),
    jobs: of('jobs'),
    maintenance: of('maintenance'),
    notifications: of('notifications'),
  };
}
