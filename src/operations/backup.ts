/** Backs up the sources of a job into its repositories: every source into every repository, under one recovery-point id. */
import { hasCode, SuretyError } from '../base/errors.ts';
import type { BackupStats, Engine, Listing, Snapshot, SnapshotFacts } from '../engines/engine.ts';
import type { Warning } from '../sources/source.ts';
import { type OperationHow, type Outcome, type Run, type StepResult, worstOutcome } from './events.ts';
import type { RepositoryHandle, SourceHandle } from './handles.ts';
import { LOST_HINT, listAndCompare, lossOf, type Memory } from './memory.ts';
import { orderSources } from './order.ts';
import { type Place, pointTags } from './recovery-point.ts';
import { runStep, type StepTools } from './step.ts';

export interface BackupSource extends SourceHandle {
  /** Name of the host it lives on. */
  readonly host: string;
  readonly after: readonly string[];
  /** Patterns as configured; recorded in the snapshot. */
  readonly excludes: readonly string[];
}

export interface BackupRequest {
  /** Name of the job, '' for a run of single sources. */
  readonly job: string;
  readonly recoveryPoint: string;
  readonly startedAt: Date;
  readonly sources: readonly BackupSource[];
  readonly repositories: readonly RepositoryHandle[];
  /** Read every file even if it looks unchanged. */
  readonly force: boolean;
  /** What is known of the repositories from before; undefined: nothing. */
  readonly memory?: Memory | undefined;
}

/** One source in one repository. */
export interface MemberReport {
  readonly source: string;
  readonly kind: string;
  readonly repository: string;
  readonly outcome: Outcome;
  readonly snapshot: Snapshot | undefined;
  readonly stats: BackupStats | undefined;
  readonly warningCount: number;
  /** The first 1000. */
  readonly warnings: readonly Warning[];
  readonly error: SuretyError | undefined;
  readonly durationMs: number;
}

export interface BackupReport {
  readonly job: string;
  readonly recoveryPoint: string;
  readonly startedAt: Date;
  readonly durationMs: number;
  readonly outcome: Outcome;
  /** True when every source is in every repository. */
  readonly complete: boolean;
  readonly members: readonly MemberReport[];
}

/**
 * Runs the backup. A member that fails never stops the others, so this resolves also when all of them failed: read
 * `outcome`. After an abort the remaining members are reported as interrupted. Throws only for a request that makes
 * no sense (`config.cycle`).
 */
export async function backup(request: BackupRequest, how: OperationHow): Promise<BackupReport> {
  const sources = orderSources(request.sources);
  const startedMs = how.clock.elapsedMs();
  const run: Run = { verb: 'backup', job: request.job, id: request.recoveryPoint, startedAt: request.startedAt };
  how.listen({ type: 'run.started', run, steps: sources.length * request.repositories.length });
  const members: MemberReport[] = [];
  const compared = new Set<string>();
  for (const [at, source] of sources.entries()) {
    const place = { number: at + 1, of: sources.length };
    for (const repository of request.repositories) {
      members.push(await backupMember({ request, run, source, place, repository, compared }, how));
    }
  }
  const outcome = worstOutcome(members.map((member) => member.outcome));
  how.listen({ type: 'run.finished', run, at: how.clock.now(), outcome });
  return {
    job: request.job,
    recoveryPoint: request.recoveryPoint,
    startedAt: request.startedAt,
    durationMs: Math.round(how.clock.elapsedMs() - startedMs),
    outcome,
    complete: members.length > 0 && members.every((member) => member.snapshot !== undefined),
    members,
  };
}

interface Member {
  readonly request: BackupRequest;
  readonly run: Run;
  readonly source: BackupSource;
  readonly place: Place;
  readonly repository: RepositoryHandle;
  /** Names of repositories that were compared with what is known of them: once in a run is enough. */
  readonly compared: Set<string>;
}

async function backupMember(member: Member, how: OperationHow): Promise<MemberReport> {
  const { run, source, repository } = member;
  const ending = await runStep(
    {
      run,
      step: { source: source.name, repository: repository.name, snapshot: '' },
      doing: `source ${source.name} into repository ${repository.name}`,
      work: (tools) => storeMember(member, tools),
    },
    how,
  );
  return {
    source: source.name,
    kind: source.kind,
    repository: repository.name,
    outcome: ending.outcome,
    snapshot: ending.result?.snapshot,
    stats: ending.result?.stats,
    warningCount: ending.warningCount,
    warnings: ending.warnings,
    error: ending.error,
    durationMs: ending.durationMs,
  };
}

async function storeMember(member: Member, tools: StepTools): Promise<StepResult & { verb: 'backup' }> {
  const { request, source: handle, place, repository } = member;
  const source = await handle.open(tools);
  const engine = await repository.open(tools);
  const previous = await previousFacts(engine, await listMember(member, engine, tools), handle, tools);
  await using reading = await source.read({ signal: tools.signal, warn: tools.warn, previous });
  const { snapshot, stats, facts } = await engine.backup(reading, {
    ...tools,
    kind: handle.kind,
    source: handle.name,
    tags: pointTags(request.job, place),
    recoveryPoint: request.recoveryPoint,
    excludes: handle.excludes,
    startedAt: request.startedAt,
    force: request.force,
  });
  const into = { id: engine.traits.id, location: repository.location };
  return { verb: 'backup', snapshot, stats, facts, into };
}

/** What is in the repository. The first time in a run it says what should be there too. */
async function listMember({ request, repository, compared }: Member, engine: Engine, tools: StepTools) {
  const memory = compared.has(repository.name) ? undefined : request.memory;
  const { listing, lost, replaced } = await listAndCompare({ repository, engine, memory }, tools);
  compared.add(repository.name);
  if (replaced !== undefined) tools.warn({ code: 'repository.replaced', path: '', message: replaced });
  for (const one of lost) {
    const message = `${lossOf(one)}: ${LOST_HINT}`;
    tools.warn({ code: 'snapshot.missing', path: `snapshots/${one.id}`, message });
  }
  return listing;
}

/** What the newest snapshot of the source on its host recorded: the source compares it with what it finds now. */
async function previousFacts(
  engine: Engine,
  { snapshots, unreadable }: Listing,
  { name, host }: BackupSource,
  tools: StepTools,
): Promise<SnapshotFacts | undefined> {
  for (const { id, error } of unreadable) {
    tools.warn({ code: 'snapshot.unreadable', path: `snapshots/${id}`, message: error.message });
  }
  const own = snapshots.filter((snapshot) => snapshot.source === name && snapshot.host === host);
  for (const snapshot of own.toReversed()) {
    try {
      return await engine.facts(snapshot, tools);
    } catch (error) {
      // Damage to what is old is no reason to make nothing new.
      if (!isDamage(error)) throw error;
      tools.warn({ code: 'snapshot.unreadable', path: `snapshots/${snapshot.id}`, message: error.message });
    }
  }
  return undefined;
}

/** What the repository holds is wrong, as opposed to a repository that can not be reached. */
function isDamage(error: unknown): error is SuretyError {
  if (hasCode(error, 'store.not-found', 'store.incomplete')) return true;
  return error instanceof SuretyError && !error.code.startsWith('store.');
}
