/** What is allowed in a configuration but probably not meant, or not wise. */
import type { Finding } from './explain.ts';
import { hookHosts } from './hook-hosts.ts';
import type { Path } from './locate.ts';
import { notificationWarnings } from './notification-warnings.ts';
import { LOCAL_HOST, namesIn, textsAt } from './references.ts';
import { valueAt } from './schema.ts';
import { storeHosts } from './store-hosts.ts';

const READABLE_BY_OTHERS = 0o004;
const HOW_TO_HIDE = 'use { env: NAME }, { file: PATH } or { command: [...] }';

/** Keys whose values are secrets, in repositories and sources. */
const SECRET_KEYS = ['password', 'identity'];

/** Findings about a valid document; `mode` are the permission bits of the file. */
export function warningsOf(raw: unknown, mode: number): Finding[] {
  const plain = plainSecrets(raw);
  const findings: Finding[] = plain.map((path) => ({
    path,
    at: 'key',
    message: 'the secret stands in the configuration itself',
    suggestion: HOW_TO_HIDE,
  }));
  if (plain.length > 0 && (mode & READABLE_BY_OTHERS) !== 0) {
    findings.push({
      path: [],
      message: 'every user of this machine can read this file and the secrets in it',
      suggestion: 'chmod 600 it',
    });
  }
  return [...findings, ...unused(raw), ...notificationWarnings(raw)];
}

function plainSecrets(raw: unknown): Path[] {
  const paths: Path[] = [];
  for (const section of ['sources', 'repositories']) {
    for (const name of namesIn(raw, section)) {
      for (const place of [
        [section, name],
        [section, name, 'of'],
      ]) {
        const keys = [...SECRET_KEYS.map((key) => [key]), ...secretVariables(valueAt(raw, [...place, 'env']))];
        const own = keys.map((key) => [...place, ...key]);
        paths.push(...own.filter((path) => typeof valueAt(raw, path) === 'string'));
      }
    }
  }
  for (const name of namesIn(raw, 'repositories'))
    paths.push(...storeSecrets(raw, ['repositories', name]), ...storeSecrets(raw, ['repositories', name, 'store']));
  const mail = ['notifications', 'email', 'password'];
  return typeof valueAt(raw, mail) === 'string' ? [...paths, mail] : paths;
}

/** Secrets among the options of a store, whatever its kind. */
function storeSecrets(raw: unknown, store: Path): Path[] {
  return keysAt(raw, store).flatMap((kind) =>
    keysAt(raw, [...store, kind])
      .filter((key) => /password|passphrase|secret|token|account_key|connection_string|credentials/.test(key))
      .map((key) => [...store, kind, key])
      .filter((path) => typeof valueAt(raw, path) === 'string'),
  );
}

function keysAt(raw: unknown, path: Path): string[] {
  const value = valueAt(raw, path);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
}

/** Variables of a command may be anything; these are likely to be secrets. */
function secretVariables(env: unknown): Path[] {
  const names = typeof env === 'object' && env !== null ? Object.keys(env) : [];
  return names
    .filter((name) => /pass|pwd|secret|token|credential|(^|_)key($|_)/i.test(name))
    .map((name) => ['env', name]);
}

/** Names that no job uses. Without jobs, everything is used by the job that is made. */
function unused(raw: unknown): Finding[] {
  const jobs = namesIn(raw, 'jobs');
  const findings: Finding[] = [];
  const check = (section: string, what: string, used: (name: string) => boolean): void => {
    for (const name of namesIn(raw, section)) {
      if (!used(name)) findings.push({ path: [section, name], at: 'key', message: `no ${what} uses it` });
    }
  };
  const isUsed = (key: string) => (name: string) =>
    jobs.some((job) => valueAt(raw, ['jobs', job, key]) === 'all' || textsAt(raw, ['jobs', job, key]).includes(name));
  if (jobs.length > 0) {
    check('sources', 'job', isUsed('sources'));
    const isCopied = isUsed('copy_to');
    const isBackedUp = isUsed('to');
    check('repositories', 'job', (name) => isBackedUp(name) || isCopied(name));
  }
  const hosts = namesIn(raw, 'sources').map((name) => valueAt(raw, ['sources', name, 'host']) ?? LOCAL_HOST);
  hosts.push(...hookHosts(raw), ...storeHosts(raw));
  check('hosts', 'source, hook or store', (name) => hosts.includes(name));
  return findings;
}
