/** Makes sure that a repository is there. */
import { hasCode } from '../base/errors.ts';
import type { Engine } from '../engines/engine.ts';
import { toSuretyError } from './failure.ts';

interface How {
  readonly signal: AbortSignal;
}

export interface NewRepository {
  readonly name: string;
  readonly kind: string;
  readonly location: string;
  /** Fetches its password. Throws `secret.*` before anything is made. */
  expectPassword(how: How): Promise<void>;
  /** Makes it and opens it; throws `repository.exists` when there is one. `like`: so that both cut content alike, where they can. */
  create(how: How & { readonly like?: Engine | undefined }): Promise<Engine>;
  /** Opens the one that is there. */
  open(how: How): Promise<Engine>;
}

export interface InitReport {
  readonly repository: string;
  readonly kind: string;
  readonly location: string;
  readonly encrypts: boolean;
  /** False when there was one already, and it opens with the configured password. */
  readonly created: boolean;
}

/** Makes the repository unless there is one, and opens it either way. Throws what making or opening it throws. */
export async function ensureRepository(
  repository: NewRepository,
  how: How & { readonly like?: Engine | undefined },
): Promise<InitReport> {
  const { name, kind, location } = repository;
  try {
    const { engine, created } = await createOrOpen(repository, how);
    await engine.list(how);
    return { repository: name, kind, location, encrypts: engine.traits.encrypts, created };
  } catch (thrown) {
    how.signal.throwIfAborted();
    throw toSuretyError(thrown, `repository ${name}`, how.signal);
  }
}

async function createOrOpen(
  repository: NewRepository,
  how: How & { readonly like?: Engine | undefined },
): Promise<{ engine: Engine; created: boolean }> {
  try {
    return { engine: await repository.create(how), created: true };
  } catch (error) {
    if (!hasCode(error, 'repository.exists')) throw error;
    return { engine: await repository.open(how), created: false };
  }
}
