import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { systemTimeZone } from '../../base/environment.ts';
import { hasCode, SuretyError } from '../../base/errors.ts';
import { newRecoveryPointId } from '../../base/ids.ts';
import { CLOCK_TOLERANCE_MS } from '../../operations/check.ts';
import { type Located, locate, toWanted } from '../../operations/locate.ts';
import { type Conflict, type RestoreItem, type RestoreRequest, restore } from '../../operations/restore.ts';
import { parseMoment } from '../../rules/moment.ts';
import type { Act, Answer, Call } from '../call.ts';
import { confirmRestore } from '../confirm-restore.ts';
import { exitCodeOfOutcome } from '../exit-codes.ts';
import { restoreText } from '../render-restore.ts';
import { repeated } from '../repeated.ts';
import { type Session, withSession } from '../session.ts';

interface RestoreOptions {
  readonly repository?: readonly string[];
  readonly source?: string;
  readonly host?: string;
  readonly at?: string;
  readonly target?: string;
  readonly as?: string;
  readonly inPlace?: boolean;
  readonly path?: readonly string[];
  readonly conflict?: Conflict;
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

export function restoreCommand(act: Act): Command {
  return new Command('restore')
    .summary('get data back')
    .description(
      'Restores a snapshot, or all sources of a recovery point. Stored bytes are checked before they are written, and ' +
        'nothing that exists is replaced without your word.',
    )
    .argument('<id>', 'id of a snapshot or recovery point, the beginning of one, or latest')
    .option('--target <dir>', 'restore below this folder, which is new or empty')
    .option('--as <file>', 'restore a database as this new file')
    .option('--in-place', 'restore to where it came from, replacing what is there')
    .option('--source <name>', 'only this source; with latest: its newest snapshot')
    .option('--host <name>', 'with latest: the newest of this host')
    .option('--at <time>', 'with latest: the newest at or before this time, such as "2026-11-20 03:07" or "36h ago"')
    .option('--path <path>', 'only this path or glob, and what is below it (repeatable)', repeated)
    .addOption(
      new Option('--conflict <policy>', 'what to do with a file that exists').choices([
        'refuse',
        'skip',
        'changed',
        'overwrite',
        'newer',
      ]),
    )
    .option('--dry-run', 'show what would be done, and write nothing')
    .option('--force', 'replace what exists without being asked; every other check is still made')
    .option('--repository <name>', 'restore from this repository (repeatable)', repeated)
    .action(act(runRestore));
}

async function runRestore(call: Call, id: string, options: RestoreOptions): Promise<Answer> {
  requireOnePlace(options);
  return await withSession(call, { record: options.dryRun !== true }, async (session) => {
    const request = await planRestore(call, id, options, session);
    const confirmed = await confirmRestore(request, { call, session, force: options.force === true });
    const report = await restore(confirmed, session.how);
    const codes = report.items.flatMap((item) => item.error?.code ?? []);
    return {
      exitCode: exitCodeOfOutcome(report.outcome, codes),
      document: { verb: 'restore', ...report },
      text: restoreText(report, { colors: call.terminal.colors, verbose: call.globals.verbose }),
    };
  });
}

function requireOnePlace({ target, as, inPlace }: RestoreOptions): void {
  const given = [target, as, inPlace].filter((value) => value !== undefined).length;
  if (given === 1) return;
  const message = given === 0 ? 'restore does not know where to restore to' : 'restore can only go to one place';
  throw new SuretyError('usage.restore-place', message, {
    hint: 'give one of --target DIR, --as FILE (for a database) and --in-place',
  });
}

async function planRestore(call: Call, id: string, options: RestoreOptions, session: Session): Promise<RestoreRequest> {
  const inPlace = options.inPlace === true;
  const target = inPlace ? undefined : resolve(options.target ?? options.as ?? '');
  const repository = target === undefined ? undefined : session.platform.repositoryAt(target);
  if (repository !== undefined) throw insideRepository(target ?? '', repository);
  return {
    runId: newRecoveryPointId(call.clock.now()),
    items: await findItems(call, id, options, session),
    target,
    conflict: options.conflict ?? (inPlace || options.force === true ? 'changed' : 'refuse'),
    select: options.path,
    dryRun: options.dryRun === true,
    decision: 'replace-nothing',
  };
}

async function findItems(call: Call, id: string, options: RestoreOptions, session: Session): Promise<RestoreItem[]> {
  const { platform } = session;
  const at = options.at === undefined ? undefined : momentOf(options.at, call);
  if (at !== undefined && id !== 'latest') {
    throw new SuretyError('usage.at-without-latest', '--at chooses a snapshot by time, and the id has chosen one', {
      hint: 'write surety restore latest --at …',
    });
  }
  const found = await locate(
    toWanted(id, { source: options.source, host: options.host, at }),
    platform.repositories(options.repository),
    call,
  );
  for (const line of found.unread) session.warn(`not looked at: ${line}`);
  const odd = found.snapshots.find(({ time }) => time.getTime() > call.clock.now().getTime() + CLOCK_TOLERANCE_MS);
  if (id === 'latest' && odd !== undefined) session.warn(datedAhead(odd));
  const snapshots = found.snapshots.filter((one) => options.source === undefined || one.source === options.source);
  if (snapshots.length === 0)
    throw otherSource(
      id,
      options.source ?? '',
      found.snapshots.map((one) => one.source),
    );
  const items: RestoreItem[] = [];
  for (const snapshot of snapshots) {
    const kind = await kindOf(found.engine, snapshot, options, call);
    if (options.inPlace === true && !platform.knowsPlaceOf(snapshot, kind)) throw noPlace(snapshot.source);
    if (options.as !== undefined && (kind !== 'sqlite' || snapshots.length > 1)) throw notOneDatabase();
    items.push({
      repository: found.repository,
      snapshot,
      source: platform.writer(snapshot, kind, { rename: options.as !== undefined }),
    });
  }
  return items;
}

/** Where what was recorded about the source is damaged, its content can still be restored to another place, as files. */
async function kindOf(
  engine: Located['engine'],
  snapshot: Located['snapshots'][number],
  { inPlace }: RestoreOptions,
  call: Call,
): Promise<string | undefined> {
  try {
    return (await engine.facts(snapshot, call))?.kind;
  } catch (error) {
    if (inPlace === true || !hasCode(error, 'repository.damaged', 'tree.damaged')) throw error;
    return undefined;
  }
}

/** One that was taken while a clock was wrong stays the latest, whatever is backed up after it. */
function datedAhead({ id, time }: Located['snapshots'][number]): string {
  const dated = `the latest, ${id.slice(0, 8)}, is dated ${time.toISOString()}, in the future`;
  return `${dated}: a clock was wrong, and newer ones may be before it (see surety list; --at now leaves it out)`;
}

function momentOf(text: string, call: Call): Date {
  return parseMoment(text, { now: call.clock.now(), timeZone: systemTimeZone() });
}

function otherSource(id: string, source: string, sources: readonly string[]): SuretyError {
  return new SuretyError('usage.other-source', `${id} is not of source ${source}`, {
    hint: `it is of ${sources.join(', ')}`,
  });
}

function noPlace(source: string): SuretyError {
  const what = source === '' ? 'the snapshot was not made by Surety' : `source ${source} is not in the configuration`;
  return new SuretyError('usage.no-original-place', `${what}, so its original place is not known`, {
    hint: 'restore it with --target DIR',
  });
}

/** What is restored could take the place of the files that it comes from. */
function insideRepository(target: string, repository: string): SuretyError {
  return new SuretyError('target.in-repository', `the target ${target} is inside of repository ${repository}`, {
    hint: 'name a folder that is not in a repository',
  });
}

function notOneDatabase(): SuretyError {
  return new SuretyError('usage.as-one-database', '--as is for the snapshot of one database', {
    hint: 'restore files with --target DIR; choose one database of a recovery point with --source',
  });
}
