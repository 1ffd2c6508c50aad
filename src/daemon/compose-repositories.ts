/** Opens the repositories of a configuration: each once, whoever needs it. */
import { hasCode } from '../base/errors.ts';
import type { RepositoryConfig } from '../config/config.ts';
import type { Engine } from '../engines/engine.ts';
import type { OpenHow } from '../operations/handles.ts';
import { appendOnlyEngine } from './append-only-engine.ts';
import { openEngine } from './compose-engine.ts';
import type { EngineHow } from './engine-how.ts';
import { holdRestores } from './hold-restores.ts';

export interface Repositories {
  /** `remove`: with the credentials that may delete, where there are such. */
  open(repository: RepositoryConfig, how: OpenHow, purpose?: 'remove'): Promise<Engine>;
}

export interface RepositoriesHow extends Omit<EngineHow, 'signal' | 'ahead'> {
  /** Closes them when all is done. */
  readonly opened: AsyncDisposableStack;
  /** Keeps a snapshot of a repository from being removed on this machine while it is restored. */
  readonly hold: (repository: string, snapshot: string) => Disposable;
}

/** What does not answer was waited for long enough: whoever asks next is told the same at once, for so long. */
const UNREACHABLE_MS = 5 * 60_000;

export function repositoriesOf({ opened, hold, ...how }: RepositoriesHow): Repositories {
  const known = new Map<string, Promise<Engine>>();

  async function openNew(repository: RepositoryConfig, { signal, ahead }: OpenHow): Promise<Engine> {
    const engine = opened.use(await openEngine(repository, { ...how, signal, ahead }));
    const held = holdRestores(engine, (snapshot) => hold(repository.name, snapshot));
    return repository.use.appendOnly ? appendOnlyEngine(held, repository.name) : held;
  }

  return {
    open(configured, opening, purpose) {
      const repository = purpose === 'remove' ? forRemoval(configured) : configured;
      const key = `${repository === configured ? 'add' : 'remove'} ${repository.name}`;
      const before = known.get(key);
      if (before !== undefined) return before;
      const engine = openNew(repository, opening);
      known.set(key, engine);
      // A repository that could not be opened may be there the next time.
      engine.catch((error: unknown) => {
        if (hasCode(error, 'store.unavailable')) setTimeout(() => known.delete(key), UNREACHABLE_MS).unref();
        else known.delete(key);
      });
      return engine;
    },
  };
}

/** With the credentials that may delete; append-only is for those of every day. */
function forRemoval(repository: RepositoryConfig): RepositoryConfig {
  const { cleanupStore, use } = repository;
  if (cleanupStore === undefined) return repository;
  return { ...repository, store: cleanupStore, use: { ...use, appendOnly: false } };
}
