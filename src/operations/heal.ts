/** Looks through repositories and stores again what is damaged or missing, taken from other repositories or from the sources. */
import { SuretyError } from '../base/errors.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { Engine, Healed, HealFrom, HealReport, Lost, Problem, VerifyReport } from '../engines/engine.ts';
import type { Warning } from '../sources/source.ts';
import { type OperationHow, type Outcome, type Run, type StepResult, worstOutcome } from './events.ts';
import type { RepositoryHandle, SourceHandle } from './handles.ts';
import { repositoryPlace, sourcePlace } from './heal-places.ts';
import type { HealResult, Replaced } from './heal-result.ts';
import { badByData, badOnes, newOnes, resultsOf } from './healed-snapshots.ts';
import { knownProblems } from './known-problems.ts';
import { replaceSnapshots } from './replace-snapshots.ts';
import { runStep, type StepTools } from './step.ts';

export interface HealRequest {
  readonly runId: string;
  /** Those to be healed, one after another. */
  readonly repositories: readonly RepositoryHandle[];
  /** Where to take from what is lost, the best first; a repository is never taken from itself. */
  readonly from: readonly RepositoryHandle[];
  readonly sources: readonly SourceHandle[];
  /** Read every stored byte; else the structure, and what earlier verifications found damaged. */
  readonly readData: boolean;
  readonly dryRun: boolean;
  /** Knows what earlier verifications found; undefined: nothing is known. */
  readonly catalog: Catalog | undefined;
}

export interface RepositoryHealed {
  readonly repository: string;
  readonly kind: string;
  readonly location: string;
  /** `warnings`: it was damaged, and is whole again, or would be; `failed`: something stays lost. */
  readonly outcome: Outcome;
  /** What was wrong; undefined when that could not be found out. */
  readonly before: VerifyReport | undefined;
  /** Undefined when nothing was wrong. */
  readonly healed: HealReport | undefined;
  /** Snapshots that could not be made whole piece by piece, and that were copied anew. */
  readonly replaced: readonly Replaced[];
  /** What is wrong still; undefined in a dry run. */
  readonly after: VerifyReport | undefined;
  readonly warnings: readonly Warning[];
  readonly error: SuretyError | undefined;
  readonly durationMs: number;
}

export interface HealOutcome {
  readonly outcome: Outcome;
  readonly dryRun: boolean;
  readonly readData: boolean;
  readonly repositories: readonly RepositoryHealed[];
}

/** Never throws: what can not be looked at or healed is in the report. */
export async function heal(request: HealRequest, how: OperationHow): Promise<HealOutcome> {
  const run: Run = { verb: 'heal', job: '', id: request.runId, startedAt: how.clock.now() };
  how.listen({ type: 'run.started', run, steps: request.repositories.length });
  const repositories: RepositoryHealed[] = [];
  for (const repository of request.repositories) repositories.push(await healRepository(repository, request, run, how));
  const outcome = worstOutcome(repositories.map((one) => one.outcome));
  how.listen({ type: 'run.finished', run, at: how.clock.now(), outcome });
  return { outcome, dryRun: request.dryRun, readData: request.readData, repositories };
}

async function healRepository(
  repository: RepositoryHandle,
  request: HealRequest,
  run: Run,
  how: OperationHow,
): Promise<RepositoryHealed> {
  const { name, kind, location } = repository;
  const step = { repository: name, source: '', snapshot: '' };
  const ending = await runStep<Extract<StepResult, { readonly verb: 'heal' }>>(
    {
      run,
      ...{ step, doing: `repository ${name}` },
      work: async (tools) => {
        const onForget = (id: string) => how.listen({ type: 'snapshots.forgetting', run, step, ids: [id] });
        return { verb: 'heal' as const, ...(await work(repository, { ...request, onForget }, tools)) };
      },
      judge,
    },
    how,
  );
  const { before, healed, after, replaced = [] } = ending.result ?? {};
  const { outcome, warnings, error, durationMs } = ending;
  return { repository: name, kind, location, outcome, before, healed, replaced, after, warnings, error, durationMs };
}

function judge({ before, healed, after }: HealResult): Outcome {
  if (before.problems.length === 0) return 'ok';
  const isLost = after === undefined ? isAnythingLost(healed?.lost) : after.problems.length > 0;
  return isLost ? 'failed' : 'warnings';
}

function isAnythingLost(lost: Lost | undefined): boolean {
  return lost !== undefined && lost.blobs + lost.files.length > 0;
}

/** What is of snapshots in whose place there is another one now is lost no more. */
function withoutReplaced(healed: HealReport, replaced: readonly Replaced[]): HealReport {
  const gone = new Set(replaced.map(({ snapshot }) => snapshot));
  const { lost } = healed;
  // Files of one snapshot are named after it.
  const files = lost.files.filter(({ key }) => ![...gone].some((id) => key.includes(id)));
  const affects = lost.affects.filter(({ snapshot }) => !gone.has(snapshot));
  const blobs = affects.length === 0 && lost.affects.length > 0 ? 0 : lost.blobs;
  return { ...healed, lost: { blobs, files, affects, toCopy: lost.toCopy.filter((id) => !gone.has(id)) } };
}

/** What is healed may show more that is damaged; so often it is looked again. */
const PASSES_MAX = 3;

interface HealWork extends HealRequest {
  /** Told before a snapshot is removed. */
  readonly onForget: (id: string) => void;
}

async function work(repository: RepositoryHandle, request: HealWork, tools: StepTools): Promise<HealResult> {
  const { dryRun, catalog } = request;
  const engine = await repository.open(tools);
  const known = await knownProblems(catalog, repository.name);
  const readData = engine.traits.can.has('verify-data') && (request.readData || known.isCut);
  const before = await look(engine, readData ? undefined : known.keys, tools);
  let after: VerifyReport | undefined = dryRun ? undefined : before;
  let healed: HealReport | undefined;
  const from = placesFor(repository, request);
  for (let pass = 0; pass < PASSES_MAX && isHealable(after ?? before); pass++) {
    const suspects = (after ?? before).problems.map(({ key }) => key);
    const report = await healOnce(engine, suspects, from, dryRun, tools);
    healed = healed === undefined ? report : joined(healed, report);
    if (dryRun) break;
    after = await look(engine, [...suspects, ...report.added], tools);
    if (report.added.length + report.removed.length === 0 || !after.problems.some(isNew)) break;
  }
  const others = request.from.filter(({ name }) => name !== repository.name);
  const bad = await badOnes(engine, { after, healed }, tools);
  const replacing = { ...request, engine, repository: repository.name, from: others };
  const replaced = await replaceSnapshots(bad, replacing, tools);
  if (healed !== undefined) healed = withoutReplaced(healed, replaced);
  if (!dryRun && replaced.length > 0) after = await look(engine, [...(healed?.added ?? [])], tools);
  const found = { readData, before, healed };
  const wasBad = await badByData(catalog, repository.name);
  const listing = await engine.list(tools);
  const results = after === undefined ? [] : resultsOf(listing, { ...found, after }, wasBad);
  const made = { repositoryId: engine.traits.id, snapshots: newOnes(listing, replaced) };
  return { dryRun, before, healed, replaced, after, made, results };
}

function placesFor(repository: RepositoryHandle, { from, sources }: HealRequest): HealFrom[] {
  const others = from.filter(({ name }) => name !== repository.name).map(repositoryPlace);
  return [...others, ...sources.flatMap((source) => sourcePlace(source) ?? [])];
}

/** `files` undefined: every byte is read, else those of these files. */
async function look(engine: Engine, files: readonly string[] | undefined, tools: StepTools): Promise<VerifyReport> {
  const { signal, progress } = tools;
  if (!engine.traits.can.has('verify-data') || files?.length === 0)
    return await engine.verify({ signal, progress, depth: 'structure' });
  const subset = files === undefined ? {} : { subset: { files } };
  return await engine.verify({ signal, progress, depth: 'data', ...subset });
}

/** A lock that can not be read is nothing to be healed; it goes with `surety unlock`. */
function isHealable({ problems }: VerifyReport): boolean {
  return problems.some(({ code }) => code !== 'lock.damaged');
}

/** Of what is lost for good an index tells nothing any more: what is damaged all the same was not known before. */
function isNew({ code }: Problem): boolean {
  return !['blob.missing', 'snapshot.damaged', 'key.damaged', 'config.damaged', 'lock.damaged'].includes(code);
}

async function healOnce(
  engine: Engine,
  suspects: readonly string[],
  from: readonly HealFrom[],
  dryRun: boolean,
  { signal, progress, warn }: StepTools,
): Promise<HealReport> {
  if (engine.heal === undefined) {
    throw new SuretyError('repository.cannot', `a ${engine.traits.kind} repository can not be healed`, {
      hint: 'copy its snapshots into a new repository with surety copy',
    });
  }
  return await engine.heal({ signal, progress, warn, dryRun, suspects, from });
}

function joined(one: HealReport, other: HealReport): HealReport {
  const places = new Map<string, Healed>();
  for (const { from, files, blobs, sizeBytes } of [...one.healed, ...other.healed]) {
    const known = places.get(from) ?? { files: 0, blobs: 0, sizeBytes: 0 };
    places.set(from, {
      ...{ from, files: known.files + files, blobs: known.blobs + blobs },
      sizeBytes: known.sizeBytes + sizeBytes,
    });
  }
  return {
    healed: [...places.values()],
    lost: other.lost,
    added: [...one.added, ...other.added],
    removed: [...one.removed, ...other.removed],
  };
}
