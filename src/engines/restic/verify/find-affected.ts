/** Finds out which snapshots and paths can not be restored whole because of what was found. */
import { SuretyError } from '../../../base/errors.ts';
import type { How, Problem, Snapshot } from '../../engine.ts';
import { type BlobTable, type BlobType, DATA, TREE } from '../blob-table.ts';
import type { Copies } from '../copies.ts';
import { createEntrySet, type EntrySet } from '../entry-set.ts';
import { nodesOf } from '../format/tree.ts';
import type { TreeReader } from '../tree-reader.ts';
import type { Finding, Findings } from './findings.ts';

/** So many paths are told of each problem, and one of every snapshot. */
const AFFECTED_MAX = 5;

export interface AffectedTools {
  readonly table: BlobTable;
  readonly copies: Copies;
  readonly trees: TreeReader;
  readonly findings: Findings;
  /** The problem of blobs that no index names, if there are any. */
  readonly missing: Finding | undefined;
}

/** The problems with what they affect, in the order they were found. Snapshots are looked through in the order given. */
export async function findAffected(tools: AffectedTools, snapshots: readonly Snapshot[], how: How): Promise<Problem[]> {
  const problems = new Map(tools.findings.all.map((finding) => [finding, { ...finding, affects: [] as Affected[] }]));
  const clean = createEntrySet(tools.table.count);
  for (const snapshot of snapshots) {
    const tell = (finding: Finding, path: string): void => {
      const affects = problems.get(finding)?.affects;
      if (affects === undefined) return;
      if (affects.length < AFFECTED_MAX || affects.at(-1)?.snapshot !== snapshot.id)
        affects.push({ snapshot: snapshot.id, path });
    };
    await visit({ ...tools, clean, tell, how }, snapshot.tree, '');
  }
  return [...problems.values()];
}

type Affected = Problem['affects'][number];

interface Visit extends AffectedTools {
  /** Trees below which all is well: seen once, passed from then on. */
  readonly clean: EntrySet;
  readonly tell: (finding: Finding, path: string) => void;
  readonly how: How;
}

/** True when the tree and all below it is whole. */
async function visit(visiting: Visit, tree: string, path: string): Promise<boolean> {
  visiting.how.signal.throwIfAborted();
  const lost = whyLost(visiting, tree, TREE);
  for (const finding of lost) visiting.tell(finding, path === '' ? '/' : path);
  if (lost.length > 0) return false;
  const entry = visiting.table.findText(tree, TREE);
  if (visiting.clean.has(entry)) return true;
  let isClean = true;
  try {
    for (const { name, content, subtree } of nodesOf(await visiting.trees.read(tree, visiting.how), tree)) {
      const below = path === '' ? name : `${path}/${name}`;
      const findings = new Set(content.flatMap((id) => whyLost(visiting, id, DATA)));
      for (const finding of findings) visiting.tell(finding, below);
      const isWhole = subtree === undefined || (await visit(visiting, subtree, below));
      isClean &&= findings.size === 0 && isWhole;
    }
  } catch (error) {
    if (!(error instanceof SuretyError) || error.code !== 'tree.damaged') throw error;
    isClean = false;
  }
  if (isClean) visiting.clean.add(entry);
  return isClean;
}

/** The problems that leave no copy of a blob; none when there is a good one. */
function whyLost({ table, copies, findings, missing }: Visit, id: string, type: BlobType): readonly Finding[] {
  const entry = table.findText(id, type);
  if (entry < 0) return missing === undefined ? [] : [missing];
  if (findings.of(entry) === undefined) return [];
  const reasons = copies.of(entry).map((copy) => findings.of(copy));
  return reasons.some((reason) => reason === undefined) ? [] : reasons.map((reason) => reason!);
}
