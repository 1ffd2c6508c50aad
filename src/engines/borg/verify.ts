/**
 * Lets borg check the repository, and says what it found in the words of the port. At depth `structure` borg compares the checksum of every
 * entry of the repository's files, and looks whether all that archives name is there; at depth `data` it also decrypts all of it.
 */
import { hasCode, messageOf } from '../../base/errors.ts';
import type { Problem, Snapshot, VerifyHow, VerifyReport } from '../engine.ts';
import { pacedProgress } from '../paced-progress.ts';
import { folderSize } from './folder-size.ts';
import type { ListedRepository } from './known-listing.ts';
import { listSnapshots } from './list.ts';
import type { BorgMessage } from './messages.ts';
import { archiveArgument } from './naming.ts';
import type { Repository } from './repository.ts';
import { borgRun } from './run.ts';
import { findAffected } from './verify/affected.ts';
import { chooseArchives } from './verify/choose.ts';
import { createFindings, type Findings } from './verify/findings.ts';

export async function verify(repository: Repository, how: VerifyHow): Promise<VerifyReport> {
  const listed = await listSnapshots(repository, how);
  const findings = createFindings(listed.listing.snapshots);
  for (const { id, error } of listed.listing.unreadable) findings.lostArchive(id, messageOf(error));
  const wanted = how.snapshots === undefined ? undefined : new Set(how.snapshots);
  const snapshots = listed.listing.snapshots.filter(({ id }) => wanted?.has(id) ?? true);
  const read = await check(repository, snapshots, findings, how);
  const problems = await withAffected(repository, snapshots, findings, how);
  const packs = findings.chunks > 0 ? findings.chunks : snapshots.length;
  return {
    problems: wanted === undefined ? problems : problems.filter((problem) => concerns(problem, wanted)),
    notes: notesOn(listed),
    snapshots: snapshots.length,
    ...{ packs, packsRead: read.packs ?? packs, readBytes: read.sizeBytes },
  };
}

interface Read {
  /** Undefined: all. */
  readonly packs?: number | undefined;
  readonly sizeBytes: number;
}

async function check(
  repository: Repository,
  snapshots: readonly Snapshot[],
  findings: Findings,
  how: VerifyHow,
): Promise<Read> {
  if (how.snapshots === undefined) {
    const isWhole = how.depth === 'data' && how.subset === undefined;
    const data = isWhole ? ['--verify-data'] : [];
    await runCheck(repository, data, findings, how);
    // Where its files are damaged, borg does not go on to what is in them.
    if (!findings.hasSeenArchives) await runCheck(repository, ['--archives-only', ...data], findings, how);
    if (how.depth === 'structure') return { packs: 0, sizeBytes: 0 };
    if (isWhole) return { sizeBytes: await folderSize(repository) };
  } else {
    for (const { tree } of snapshots) {
      await runCheck(repository, ['--archives-only', archiveArgument(tree)], findings, how);
    }
    if (how.depth === 'structure') return { packs: 0, sizeBytes: 0 };
  }
  return await readArchives(repository, snapshots, findings, how);
}

/** Archives are read whole, as many as the subset wants. */
async function readArchives(
  repository: Repository,
  snapshots: readonly Snapshot[],
  findings: Findings,
  how: VerifyHow,
): Promise<Read> {
  const tell = pacedProgress(how, repository.clock);
  let sizeBytes = 0;
  let packs = 0;
  const { chosen, limitBytes } = chooseArchives(snapshots, how.subset);
  for (const { id, tree } of chosen) {
    if (sizeBytes >= limitBytes) break;
    tell({ phase: 'check', items: packs, totalItems: chosen.length, sizeBytes, current: tree });
    try {
      let totalBytes = 0;
      const told = ({ type, total }: BorgMessage) => {
        if (type === 'progress_percent') totalBytes = Math.max(totalBytes, total ?? 0);
      };
      const call = { signal: how.signal, doing: `reading of ${tree}`, told };
      await borgRun(repository, ['extract', '--dry-run', '--progress', archiveArgument(tree)], call);
      sizeBytes += totalBytes;
    } catch (error) {
      if (!hasCode(error, 'repository.damaged')) throw error;
      findings.unreadableArchive(id, error.message);
    }
    packs += 1;
  }
  return { packs, sizeBytes };
}

async function runCheck(
  repository: Repository,
  args: readonly string[],
  findings: Findings,
  how: VerifyHow,
): Promise<void> {
  const tell = pacedProgress(how, repository.clock);
  const { exitCode } = await borgRun(repository, ['--info', '--progress', 'check', ...args], {
    signal: how.signal,
    doing: 'check',
    told(message) {
      if (message.type === 'progress_percent' && message.current !== undefined) {
        tell({ phase: 'check', items: message.current, totalItems: message.total, sizeBytes: 0 });
      }
      findings.told(message);
    },
  });
  // Whatever it was that borg did not like: nobody is told that all is well.
  if (exitCode !== 0) findings.unexplained();
}

async function withAffected(
  repository: Repository,
  snapshots: readonly Snapshot[],
  findings: Findings,
  how: VerifyHow,
): Promise<readonly Problem[]> {
  const lost = findings.lostChunks();
  if (lost.size === 0) return findings.problems(new Map());
  return findings.problems(await findAffected(repository, snapshots, lost, how));
}

/** Damage of which nobody knows whom it concerns concerns all. */
function concerns({ affects }: Problem, wanted: ReadonlySet<string>): boolean {
  return affects.length === 0 || affects.some(({ snapshot }) => wanted.has(snapshot));
}

function notesOn({ checkpoints }: ListedRepository): string[] {
  if (checkpoints.length === 0) return [];
  return [
    `archives that were not finished, of a backup that was interrupted or is under way: ${checkpoints.join(', ')}`,
  ];
}
