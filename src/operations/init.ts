/** Makes a new, empty repository. */
import type { Engine } from '../engines/engine.ts';
import { toSuretyError } from './failure.ts';

export interface NewRepository {
  readonly name: string;
  readonly kind: string;
  readonly location: string;
  /** Makes it and opens it; throws `repository.exists` when there is one. */
  create(how: { readonly signal: AbortSignal }): Promise<Engine>;
}

export interface InitReport {
  readonly repository: string;
  readonly kind: string;
  readonly location: string;
  readonly encrypts: boolean;
}

/** Makes the repository and checks that it opens and is empty. Throws `repository.exists` and those of its store. */
export async function initRepository(
  repository: NewRepository,
  how: { readonly signal: AbortSignal },
): Promise<InitReport> {
  const { name, kind, location } = repository;
  try {
    const engine = await repository.create(how);
    await engine.list(how);
    return { repository: name, kind, location, encrypts: engine.traits.encrypts };
  } catch (thrown) {
    how.signal.throwIfAborted();
    throw toSuretyError(thrown, `repository ${name}`, how.signal);
  }
}
