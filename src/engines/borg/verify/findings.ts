/** What a check of borg says, as problems. */
import type { Problem, Snapshot } from '../../engine.ts';
import type { BorgMessage } from '../messages.ts';

export interface Findings {
  told(message: BorgMessage): void;
  /** What an archive says of itself can not be read. */
  lostArchive(snapshot: string, message: string): void;
  /** Something of its content can not be read. */
  unreadableArchive(snapshot: string, message: string): void;
  /** borg was not content. Is a problem of its own only where no other was told. */
  unexplained(): void;
  /** Ids of pieces of content of which it is not known yet whom they belong to. */
  lostChunks(): ReadonlySet<string>;
  problems(affected: ReadonlyMap<string, Problem['affects']>): readonly Problem[];
  /** The check has come to the archives. */
  readonly hasSeenArchives: boolean;
  /** Pieces that were read. */
  readonly chunks: number;
}

type Draft = Omit<Problem, 'affects'> & { affects: { snapshot: string; path: string }[] };

const SUMMARIES =
  /^(Finished |Archive consistency check complete|committed index:|rebuilt index:|Found defect chunks|Index object count mismatch\.?$)/;

export function createFindings(snapshots: readonly Snapshot[]): Findings {
  const ids = new Map(snapshots.map(({ id, tree }) => [tree, id]));
  const drafts = new Map<string, Draft>();
  const lost = new Set<string>();
  let chunks = 0;
  let isExplained = true;
  let last = '';
  let hasSeenArchives = false;

  function add(code: string, key: string, message: string, affects?: { snapshot: string; path: string }): void {
    const draft = drafts.get(key) ?? { code, key, message, affects: [] };
    drafts.set(key, draft);
    if (affects !== undefined) draft.affects.push(affects);
  }

  function addChunk(code: string, id: string, message: string): void {
    lost.add(id);
    add(code, `chunk ${id}`, message);
  }

  function told({ type, levelname, message = '' }: BorgMessage): void {
    if (type !== 'log_message') return;
    if (message.startsWith('Starting archive consistency check')) hasSeenArchives = true;
    const verified = /verified (\d+) chunks/.exec(message);
    if (verified !== null) chunks = Number(verified[1]);
    if (levelname === 'INFO' || levelname === 'DEBUG') return;
    const bad = /^chunk ([0-9a-f]{64}):? (.*)/.exec(message);
    const gone = /^ID: ([0-9a-f]{64}) rebuilt index: <not found>/.exec(message);
    const segment = /\[segment (\d+), offset \d+\]/.exec(message);
    const file = /^(.*?): (.*): New missing file chunk detected \(Byte \d+-\d+, Chunk ([0-9a-f]{64})\)/.exec(message);
    const block = /^(.*): (?:Archive )?(?:metadata|item) .*?([0-9a-f]{64})?.*(?:missing|corrupt)/i.exec(message);
    if (bad !== null) addChunk('blob.damaged', bad[1]!, bad[2]!);
    else if (gone !== null) addChunk('blob.missing', gone[1]!, 'no file of the repository has it any more');
    else if (file !== null) {
      const affects = { snapshot: ids.get(file[1]!) ?? file[1]!, path: file[2]! };
      add('blob.missing', `chunk ${file[3]}`, 'no file of the repository has it any more', affects);
      lost.add(file[3]!);
    } else if (segment !== null) add('pack.damaged', `segment ${segment[1]}`, message);
    else if (block !== null && ids.has(block[1]!)) {
      add('tree.damaged', `archive ${block[1]}`, message, { snapshot: ids.get(block[1]!)!, path: '' });
    } else if (!SUMMARIES.test(message) && levelname !== 'PLAIN')
      add('pack.damaged', `repository: ${message}`, message);
    else if (levelname === 'ERROR') last = message;
  }

  return {
    told,
    lostArchive: (snapshot, message) => add('snapshot.damaged', `archive ${snapshot}`, message, { snapshot, path: '' }),
    unreadableArchive: (snapshot, message) =>
      add('blob.damaged', `archive ${snapshot}`, message, { snapshot, path: '' }),
    unexplained: () => {
      isExplained = false;
    },
    lostChunks: () => lost,
    problems(affected) {
      if (!isExplained && drafts.size === 0) add('index.damaged', 'repository', last || 'borg check found a problem');
      return [...drafts.values()].map((draft) => {
        const found = affected.get(draft.key.replace(/^chunk /, ''));
        return found === undefined ? draft : { ...draft, affects: found };
      });
    },
    get hasSeenArchives() {
      return hasSeenArchives;
    },
    get chunks() {
      return chunks;
    },
  };
}
