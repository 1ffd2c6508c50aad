/** Turns what is wrong with a configuration into lines that say where, what, and what to do. */
import { SuretyError } from '../base/errors.ts';
import type { Locator, Path, Place } from './locate.ts';

/** Something wrong, or worth a warning, at a path of the document. */
export interface Finding {
  readonly path: Path;
  /** Whether the key or its value is meant. Default `value`. */
  readonly at?: 'key' | 'value';
  readonly message: string;
  /** What to do, or what was perhaps meant. */
  readonly suggestion?: string | undefined;
}

/** A finding at its place in the file. */
export interface ConfigProblem extends Place {
  readonly file: string;
  /** `jobs.nightly.to[0]`, '' for the document. */
  readonly path: string;
  readonly message: string;
  readonly suggestion?: string | undefined;
}

/** Findings at their places, in the order of the file, each once. */
export function placed(findings: readonly Finding[], file: string, locator: Locator): ConfigProblem[] {
  const problems = findings.map(({ path, at = 'value', message, suggestion }): ConfigProblem => {
    return { file, ...locator.locate(path, at), path: pathName(path), message, suggestion };
  });
  problems.sort(inFileOrder);
  const seen = new Set<string>();
  return problems.filter((problem) => {
    const line = renderProblem(problem);
    return !seen.has(line) && seen.add(line);
  });
}

export function inFileOrder(a: Place, b: Place): number {
  return a.line - b.line || a.column - b.column;
}

/** `surety.yaml:3:5 jobs.nightly.to[0]: there is no repository valut; did you mean vault`. */
export function renderProblem({ file, line, column, path, message, suggestion }: ConfigProblem): string {
  const where = `${file}:${line}:${column}${path === '' ? '' : ` ${path}`}`;
  return `${where}: ${message}${suggestion === undefined ? '' : `; ${suggestion}`}`;
}

/** The error `config.invalid` that lists all problems, one to a line. */
export function invalidConfig(file: string, problems: readonly ConfigProblem[]): SuretyError {
  const count = problems.length === 1 ? '1 error' : `${problems.length} errors`;
  return new SuretyError('config.invalid', [`${file} has ${count}`, ...problems.map(renderProblem)].join('\n'), {
    hint: 'correct the file; surety config check tells when it is right',
    details: { file, errors: problems.length },
  });
}

function pathName(path: Path): string {
  let name = '';
  for (const step of path) name += typeof step === 'number' ? `[${step}]` : name === '' ? step : `.${step}`;
  return name;
}
