/** The text of a first `surety.yaml`. */
import { basename } from 'node:path';
import { Document } from 'yaml';
import type { PresetName } from '../rules/presets.ts';
import { draftExcludes } from './draft-excludes.ts';

export interface Answers {
  /** As typed: relative ones are stored relative to the configuration file. */
  readonly folders: readonly string[];
  readonly databases: readonly string[];
  /** A folder, or a URL such as `file:/backup/vault`. */
  readonly store: string;
  readonly password: { readonly file: string } | { readonly env: string };
  readonly keep: Readonly<Record<string, number | 'all'>> | PresetName;
  readonly schedule: string | undefined;
}

const REPOSITORY_NAME = 'vault';
const JOB_NAME = 'main';

/** YAML for `directory` that `surety config check` accepts, with a comment for each part. */
export function draftConfig(answers: Answers, directory: string): string {
  const sources: Record<string, object> = {};
  for (const path of answers.databases) sources[nameFor(path, sources)] = { type: 'sqlite', path };
  for (const path of answers.folders) {
    const exclude = draftExcludes(path, answers.store, directory);
    sources[nameFor(path, sources)] = { type: 'files', paths: [path], ...(exclude === undefined ? {} : { exclude }) };
  }
  const store = /^[a-z][a-z0-9+.-]+:/.test(answers.store) ? answers.store : `file:${answers.store}`;
  const job = { sources: 'all', to: 'all', ...(answers.schedule === undefined ? {} : { schedule: answers.schedule }) };
  const document = new Document({
    sources,
    repositories: { [REPOSITORY_NAME]: { type: 'restic', store, password: answers.password } },
    jobs: { [JOB_NAME]: { ...job, keep: answers.keep } },
  });
  document.commentBefore =
    ' Surety: what to protect, where to keep it, for how long.\n See `surety config schema` for all keys.';
  return document.toString({ lineWidth: 0 });
}

/** The last part of the path as a name, with a number where it is taken. */
function nameFor(path: string, taken: Readonly<Record<string, unknown>>): string {
  const plain = basename(path)
    .replace(/\.(db|sqlite3?)$/i, '')
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
    .replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
  const base = plain === '' ? 'files' : plain;
  let name = base;
  for (let number = 2; name in taken; number++) name = `${base}-${number}`;
  return name;
}
