/** Re-reads what a snapshot needs before anything that exists is replaced by it. */
import { SuretyError } from '../../base/errors.ts';
import { shortId } from '../../base/short-id.ts';
import type { Engine, Problem } from '../../engines/engine.ts';
import type { StoredSnapshot } from '../handles.ts';
import type { StepTools } from '../step.ts';

/** Damage to these files of a repository is no damage to what a snapshot needs. */
const HARMLESS = ['lock.damaged', 'key.damaged'];

/**
 * Reads every stored byte of the snapshot, or of what is selected of it, and checks it; called after a dry run. Throws `repository.damaged` with the first
 * problem, and what the repository says.
 */
export async function readBackStored(
  { repository, snapshot }: StoredSnapshot,
  select: readonly string[] | undefined,
  tools: StepTools,
): Promise<void> {
  const engine = await repository.open(tools);
  // The look at what would be done was a restore as well.
  if (engine.traits.checksBeforeRestore === true) return;
  // A part of a deduplicating repository can be read by itself; an archive is checked whole anyway.
  const readParts = select !== undefined && engine.traits.deduplicates;
  if (readParts || !engine.traits.can.has('verify-data')) {
    return await readContents(engine, { repository, snapshot }, select, tools);
  }
  const { signal, progress } = tools;
  const { problems } = await engine.verify({ signal, progress, snapshots: [snapshot.id], depth: 'data' });
  const [first, ...others] = problems.filter((problem) => concerns(problem, snapshot.id));
  if (first === undefined) return;
  const more = others.length === 0 ? '' : `, and ${others.length} more`;
  throw new SuretyError(
    'repository.damaged',
    `snapshot ${shortId(snapshot.id)} in repository ${repository.name} is damaged: ${first.key}: ${first.message}${more}`,
    {
      hint: 'nothing was replaced; restore another snapshot, or what is left of this one with --target DIR',
      details: { repository: repository.name, key: first.key },
    },
  );
}

function concerns({ code, affects }: Problem, id: string): boolean {
  return affects.length === 0 ? !HARMLESS.includes(code) : affects.some(({ snapshot }) => snapshot === id);
}

/** Every byte is verified as it leaves the engine. */
async function readContents(
  engine: Engine,
  { snapshot }: StoredSnapshot,
  select: readonly string[] | undefined,
  { signal, progress }: StepTools,
): Promise<void> {
  await using restoring = await engine.restore(snapshot, { signal, select });
  let items = 0;
  let sizeBytes = 0;
  for await (const batch of restoring.entries()) {
    for (const entry of batch) {
      if (entry.type !== 'file') continue;
      for await (const chunk of restoring.stream(entry, { signal })) {
        sizeBytes += chunk.length;
        progress({ phase: 'check', items, sizeBytes });
      }
      items += 1;
    }
  }
}
