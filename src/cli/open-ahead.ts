import type { OpenHow, RepositoryHandle } from '../operations/handles.ts';

/** Resolves when the first requests are on their way. What fails is told when the repository is needed. */
export async function openAhead(
  repositories: readonly RepositoryHandle[],
  verb: NonNullable<OpenHow['ahead']>['verb'],
  signal: AbortSignal,
): Promise<void> {
  const opening = repositories.map((repository) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    repository.open({ signal, ahead: { verb, begun: resolve } }).then(
      () => resolve(),
      () => resolve(),
    );
    return promise;
  });
  await Promise.all(opening);
}
