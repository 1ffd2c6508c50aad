/** Looks through repositories and stores again what is damaged or missing, taken from other repositories or from the sources. */
import { SuretyError } from '../base/errors.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { Engine, Healed, HealFrom, HealReport, Lost, Problem, VerifyReport } from '../engines/engine.ts';
import type { Warning } from '../sources/source.ts';
import { type OperationHow, type Outcome, type Run, type StepResult, worstOutcome } from './events.ts';
import type { RepositoryHandle, SourceHandle } from './handles.ts';
import { repositoryPlace, sourcePlace } from './heal-places.ts';
import { type HealResult, healedText } from './heal-result.ts';
import { knownProblems } from './known-problems.ts';
import { snapshotResults } from './snapshot-results.ts';
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
  const ending = await runStep<Extract<StepResult, { readonly verb: 'heal' }>>(
    {
      run,
      step: { repository: name, source: '', snapshot: '' },
      doing: `repository ${name}`,
      work: async (tools) => ({ verb: 'heal' as const, ...(await work(repository, request, tools)) }),
      judge,
    },
    how,
  );
  const { before, healed, after } = ending.result ?? {};
  const { outcome, warnings, error, durationMs } = ending;
  return { repository: name, kind, location, outcome, before, healed, after, warnings, error, durationMs };
}

function judge({ before, healed, after }: HealResult): Outcome {
  if (before.problems.length === 0) return 'ok';
  const isLost = after === undefined ? isAnythingLost(healed?.lost) : after.problems.length > 0;
  return isLost ? 'failed' : 'warnings';
}

function isAnythingLost(lost: Lost | undefined): boolean {
  return lost !== undefined && lost.blobs + lost.files.length > 0;
}

/** What is healed may show more that is damaged; so often it is looked again. */
const PASSES_MAX = 3;

async function work(repository: RepositoryHandle, request: HealRequest, tools: StepTools): Promise<HealResult> {
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
  const found = { readData, before, after, healed };
  const wasBad = await badByData(catalog, repository.name);
  return { dryRun, before, healed, after, results: await resultsOf(engine, found, wasBad, tools) };
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

type Found = Omit<HealResult, 'dryRun' | 'results'> & { readonly readData: boolean };

/**
 * What is said of each snapshot. One that was bad because of what it holds is good again when that was healed and read back: then the rest of it is as
 * good as it was when it was found bad.
 */
async function resultsOf(
  engine: Engine,
  { readData, before, after, healed }: Found,
  wasBad: ReadonlySet<string>,
  tools: StepTools,
): Promise<HealResult['results']> {
  if (after === undefined) return [];
  const listing = await engine.list(tools);
  const mended = before.problems.length > 0;
  const said = healedText(healed);
  return snapshotResults(listing, after).map((result) => {
    const isMended = result.ok && mended && wasBad.has(result.id);
    const message = result.ok && said !== '' && isMended ? said : result.message;
    return { ...result, message, depth: readData || isMended ? 'data' : 'structure' };
  });
}

async function badByData(catalog: Catalog | undefined, repository: string): Promise<ReadonlySet<string>> {
  const verdicts = (await catalog?.verdicts({ repository }).catch(() => [])) ?? [];
  return new Set(verdicts.flatMap(({ depth, ok, snapshot }) => (depth === 'data' && !ok ? [snapshot] : [])));
}
