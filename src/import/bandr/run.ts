/** The runs of a container: the variables of an environment file, or of each container in a manifest, with the schedule around it. */
import type { Input } from '../input.ts';
import type { Setting, Settings } from '../settings.ts';
import { isMapping, type YamlDocument } from '../yaml-text.ts';

export interface Run {
  readonly variables: readonly Setting[];
  readonly schedule: Setting | undefined;
  readonly timeZone: Setting | undefined;
  /** The run itself, for what concerns it as a whole. */
  readonly self: Setting;
}

/** The variables of a run, taken one by one. */
export interface Prepared {
  readonly settings: Settings;
  /** To be called at the end: tells of what nobody took. */
  readonly finish: () => void;
}

/** What stands for a value that a cluster keeps: `{ secret: 'name/key' }`. */
export interface Kept {
  readonly secret: string;
}

export function runsOf(input: Input): Run[] {
  if (input.kind === 'yaml') return input.documents.flatMap((document) => manifestRuns(input.name, document));
  const variables = input.kind === 'env' ? input.settings : input.script.variables;
  const self = { file: input.name, line: variables[0]?.line ?? 1, key: 'environment', value: '' };
  return variables.length === 0 ? [] : [{ variables, schedule: undefined, timeZone: undefined, self }];
}

type Path = readonly (string | number)[];

interface Around {
  readonly schedule: Setting | undefined;
  readonly timeZone: Setting | undefined;
  readonly name: string;
}

/** Containers are deep in templates, lists and jobs: whatever has an `env` is one. */
function manifestRuns(file: string, document: YamlDocument): Run[] {
  const found: Run[] = [];
  const at = (path: Path, key: string, value: unknown): Setting => ({ file, line: document.lineOf(path), key, value });
  const walk = (value: unknown, path: Path, around: Around): void => {
    if (path.length > 40) return;
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) walk(item, [...path, index], around);
    } else if (isMapping(value)) {
      const inside = withSchedule(value, path, around, at);
      const variables = variablesOf(value, path, at);
      if (variables.length > 0) found.push({ ...inside, variables, self: at(path, inside.name, '') });
      for (const [key, item] of Object.entries(value)) if (key !== 'env') walk(item, [...path, key], inside);
    }
  };
  walk(document.value, [], { schedule: undefined, timeZone: undefined, name: 'container' });
  return found;
}

type At = (path: Path, key: string, value: unknown) => Setting;

function withSchedule(value: Readonly<Record<string, unknown>>, path: Path, around: Around, at: At): Around {
  const { schedule, timeZone, metadata, name } = value;
  const called = isMapping(metadata) && typeof metadata.name === 'string' ? metadata.name : name;
  return {
    schedule: typeof schedule === 'string' ? at([...path, 'schedule'], 'schedule', schedule) : around.schedule,
    timeZone: typeof timeZone === 'string' ? at([...path, 'timeZone'], 'timeZone', timeZone) : around.timeZone,
    name: typeof called === 'string' ? called : around.name,
  };
}

/** `env` of Kubernetes, `environment` of Docker Compose as a mapping or a list of `NAME=value`. */
function variablesOf({ env, environment }: Readonly<Record<string, unknown>>, path: Path, at: At): Setting[] {
  if (Array.isArray(env)) {
    return env.flatMap((item: unknown, index) => {
      if (!isMapping(item) || typeof item.name !== 'string') return [];
      return [at([...path, 'env', index, 'name'], item.name, item.value ?? keptOf(item.valueFrom))];
    });
  }
  if (isMapping(environment))
    return Object.entries(environment).map(([name, value]) => at([...path, 'environment', name], name, value));
  if (!Array.isArray(environment)) return [];
  return environment.flatMap((item: unknown, index) => {
    const [, name, value] = /^([A-Za-z_]\w*)=([\s\S]*)$/.exec(String(item)) ?? [];
    return name === undefined ? [] : [at([...path, 'environment', index], name, value)];
  });
}

function keptOf(from: unknown): Kept | null {
  const reference = isMapping(from) ? (from.secretKeyRef ?? from.configMapKeyRef) : undefined;
  if (!isMapping(reference)) return null;
  return { secret: `${String(reference.name)}/${String(reference.key)}` };
}
