/** Checks that names in one part of the document exist in another. Works on what was written, so that it runs beside other errors. */
import { didYouMean, listed } from '../base/nearest.ts';
import type { Finding } from './explain.ts';
import { targetName } from './keep.ts';
import type { Path } from './locate.ts';
import { valueAt } from './schema.ts';

/** Name of the host that is always there: this machine. */
export const LOCAL_HOST = 'local';

/** Findings about names that nothing has, names given twice, and sources that wait for each other. */
export function checkReferences(raw: unknown): Finding[] {
  const sources = namesIn(raw, 'sources');
  const repositories = namesIn(raw, 'repositories');
  const hosts = [LOCAL_HOST, ...namesIn(raw, 'hosts')];
  const findings: Finding[] = [];
  if (namesIn(raw, 'hosts').includes(LOCAL_HOST)) {
    const message = `${LOCAL_HOST} is the name of this machine`;
    findings.push({ path: ['hosts', LOCAL_HOST], at: 'key', message, suggestion: 'give the host another name' });
  }
  for (const source of sources) {
    const host = valueAt(raw, ['sources', source, 'host']);
    findings.push(...checkName(host, ['sources', source, 'host'], 'host', hosts));
    findings.push(...checkNames(raw, ['sources', source, 'after'], 'source', sources));
  }
  for (const job of namesIn(raw, 'jobs')) {
    findings.push(...checkAnyLeft(raw, job, repositories));
    findings.push(...checkNames(raw, ['jobs', job, 'sources'], 'source', sources));
    findings.push(...checkNames(raw, ['jobs', job, 'to'], 'repository', repositories));
    findings.push(...checkCopies(raw, job, repositories));
  }
  for (const scenario of namesIn(raw, 'scenarios')) {
    findings.push(...checkNames(raw, ['scenarios', scenario, 'sources'], 'source', sources));
    findings.push(...checkNames(raw, ['scenarios', scenario, 'from'], 'repository', repositories));
  }
  for (const verb of namesIn(raw, 'maintenance')) {
    const at = ['maintenance', verb];
    findings.push(...checkNames(raw, [...at, 'repositories'], 'repository', repositories));
    findings.push(...checkNames(raw, [...at, 'from'], 'repository', repositories));
    findings.push(...checkName(valueAt(raw, [...at, 'to']), [...at, 'to'], 'repository', repositories));
    findings.push(...checkNames(raw, [...at, 'jobs'], 'job', namesIn(raw, 'jobs')));
  }
  return [...findings, ...checkOrder(raw, sources)];
}

/** The names in a section, in the order of the file. */
export function namesIn(raw: unknown, section: string): string[] {
  const value = valueAt(raw, [section]);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
}

/** The texts in a list, with the names of repositories that have more than a name; none where there is no list. */
export function textsAt(raw: unknown, path: Path): string[] {
  const value = valueAt(raw, path);
  return Array.isArray(value) ? value.map(targetName).filter((item) => typeof item === 'string') : [];
}

/** A job that has no repository left would succeed without having done anything. */
function checkAnyLeft(raw: unknown, job: string, repositories: readonly string[]): Finding[] {
  const at = ['jobs', job];
  const copies = textsAt(raw, [...at, 'copy_to']);
  const isAnyLeft = repositories.some((name) => !copies.includes(name));
  if (valueAt(raw, [...at, 'to']) !== 'all' || repositories.length === 0 || isAnyLeft) return [];
  const message = 'all repositories are in `copy_to`: there is none left to back up to';
  return [{ path: [...at, 'to'], message, suggestion: 'leave those out of copy_to that are to be backed up to' }];
}

/** A repository that a job backs up to has no need of copies, and none is copied into itself. */
function checkCopies(raw: unknown, job: string, repositories: readonly string[]): Finding[] {
  const path = ['jobs', job, 'copy_to'];
  const findings = checkNames(raw, path, 'repository', repositories);
  const targets = textsAt(raw, ['jobs', job, 'to']);
  const list = valueAt(raw, path);
  for (const [at, one] of (Array.isArray(list) ? list : []).entries()) {
    const name = String(targetName(one));
    const from = valueAt(raw, [...path, at, 'from']);
    findings.push(...checkNames(raw, [...path, at, 'from'], 'repository', repositories));
    if (targets.includes(name)) {
      findings.push({ path: [...path, at], message: `${name} is in \`to\`, and so is backed up to anyway` });
    } else if (Array.isArray(from) && from.includes(name)) {
      findings.push({ path: [...path, at, 'from'], message: `${name} can not be copied into itself` });
    }
  }
  return findings;
}

function checkNames(raw: unknown, path: Path, of: string, known: readonly string[]): Finding[] {
  const list = valueAt(raw, path);
  if (!Array.isArray(list)) return [];
  const all = list.map(targetName);
  return all.flatMap((name, at) => {
    const place = name === list[at] ? [...path, at] : [...path, at, 'repository'];
    if (all.indexOf(name) < at) return [{ path: place, message: `${String(name)} is named twice` }];
    return checkName(name, place, of, known);
  });
}

function checkName(name: unknown, path: Path, of: string, known: readonly string[]): Finding[] {
  if (typeof name !== 'string' || known.includes(name)) return [];
  const all = known.length === 0 ? `there is no ${of} at all` : `known: ${listed(known, 'and')}`;
  return [{ path, message: `there is no ${of} named ${name}`, suggestion: didYouMean(name, known) ?? all }];
}

/** One finding for each circle of `after`. */
function checkOrder(raw: unknown, sources: readonly string[]): Finding[] {
  const done = new Set<string>();
  const findings: Finding[] = [];
  const visit = (name: string, trail: readonly string[]): void => {
    const from = trail.indexOf(name);
    if (from >= 0) {
      const circle = [...trail.slice(from), name].join(' → ');
      findings.push({ path: ['sources', name, 'after'], at: 'key', message: `sources wait for each other: ${circle}` });
    } else if (!done.has(name)) {
      for (const next of textsAt(raw, ['sources', name, 'after'])) visit(next, [...trail, name]);
      done.add(name);
    }
  };
  for (const name of sources) visit(name, []);
  return findings;
}
