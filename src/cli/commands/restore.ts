import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { messageOf, SuretyError } from '../../base/errors.ts';
import { newRecoveryPointId } from '../../base/ids.ts';
import { listOld } from '../../operations/restore/list-old.ts';
import {
  isSame,
  type JournalHow,
  type UnfinishedRestore,
  unfinishedRestore,
} from '../../operations/restore/restore-journal.ts';
import { resumedRequest, resumeRestore } from '../../operations/restore/resume.ts';
import { type RestoreReport, type RestoreRequest, restore } from '../../operations/restore.ts';
import type { Act, Answer, Call } from '../call.ts';
import { confirmRestore } from '../confirm-restore.ts';
import { exitCodeOfOutcome } from '../exit-codes.ts';
import { openAhead } from '../open-ahead.ts';
import { oldText } from '../render/old.ts';
import { restoreText } from '../render/restore.ts';
import { localTime } from '../render.ts';
import { findItems, type PlannedItem } from '../restore-items.ts';
import { addRestoreOptions, checkRestoreOptions, type RestoreOptions } from '../restore-options.ts';
import { type Session, withSession } from '../session.ts';

/** Two restores of several members must not write one journal. */
const LOCK = 'restore';

export function restoreCommand(act: Act): Command {
  const command = new Command('restore')
    .summary('get data back')
    .description(
      'Restores a snapshot, or all sources of a recovery point: to where they came from, or to the place that is named. Stored bytes ' +
        'are checked before they are written, and nothing that exists is replaced without your word.',
    )
    .argument('[id]', 'id of a snapshot or recovery point, the beginning of one, or latest');
  return addRestoreOptions(command).action(act(runRestore));
}

async function runRestore(call: Call, id: string | undefined, options: RestoreOptions): Promise<Answer> {
  checkRestoreOptions(id, options);
  const record = options.dryRun !== true && options.abandon !== true && options.listOld !== true;
  const asks = options.abandon !== true && options.listOld !== true && options.resume !== true;
  const ahead = ({ repositories }: Session['platform'], { signal }: Session['how']) =>
    openAhead(asks ? repositories(options.repository) : [], 'restore', signal);
  return await withSession(call, { record, ahead }, async (session) => {
    if (options.abandon === true) return abandon(session);
    if (options.listOld === true) return await oldAnswer(call, options, session);
    using _ = options.resume === true ? session.platform.lock(LOCK) : undefined;
    const request = await (options.resume === true
      ? planResumed(call, options, session)
      : planRestore(call, id, options, session));
    const isKept = options.resume !== true && !request.dryRun && request.items.length > 1;
    using __ = isKept ? session.platform.lock(LOCK) : undefined;
    const confirmed = await confirmRestore(request, { call, session, force: options.force === true });
    return answerOf(await restore(confirmed, session.how), call);
  });
}

function answerOf(report: RestoreReport, { terminal, globals }: Call): Answer {
  const codes = report.items.flatMap((item) => item.error?.code ?? []);
  return {
    exitCode: exitCodeOfOutcome(report.outcome, codes),
    document: { verb: 'restore', ...report },
    text: restoreText(report, { colors: terminal.colors, verbose: globals.verbose }),
  };
}

async function planRestore(
  call: Call,
  given: string | undefined,
  options: RestoreOptions,
  session: Session,
): Promise<RestoreRequest> {
  const { platform } = session;
  const id = given ?? (options.at !== undefined || options.proven === true ? 'latest' : undefined);
  if (id === undefined) throw nothingNamed();
  const items = await findItems(call, id, options, session);
  const asFile = options.as !== undefined && !items.some(({ intoServer }) => intoServer);
  const place = options.target ?? (asFile ? options.as : undefined);
  const target = place === undefined ? undefined : resolve(place);
  const repository = target === undefined ? undefined : platform.repositoryAt(target);
  if (repository !== undefined) throw insideRepository(target ?? '', repository);
  const request: RestoreRequest = {
    runId: newRecoveryPointId(call.clock.now()),
    items,
    target,
    conflict: options.conflict ?? (target === undefined || options.force === true ? 'changed' : 'refuse'),
    select: options.path,
    server: serverOf(items, options),
    dryRun: options.dryRun === true,
    decision: 'replace-nothing',
    spaceAt: options.ignoreSpace === true ? undefined : platform.spaceAt,
    journal: journalHow(session),
  };
  tellUnfinished(request, session);
  return request;
}

/** Options for databases make no sense where nothing goes into a server: dropping them silently would promise too much. */
function serverOf(items: readonly PlannedItem[], options: RestoreOptions): RestoreRequest['server'] {
  const { as, inPlace, dropOld, owner, table, schema } = options;
  if (items.some(({ intoServer }) => intoServer)) {
    return { as, inPlace: inPlace === true, dropOld: dropOld === true, owner, tables: table, schemas: schema };
  }
  if ((dropOld ?? owner ?? table ?? schema) === undefined) return undefined;
  throw new SuretyError('usage.restore-server', 'nothing of this goes into a database server', {
    hint: 'leave out --drop-old, --owner, --table and --schema; with --target a dump is restored as the file it is',
  });
}

function journalHow(session: Session): JournalHow {
  const report = (error: unknown) => session.warn(`this restore can not be continued if it fails: ${messageOf(error)}`);
  return { journal: session.platform.restoreJournal(), placeOf: (item) => placeOf(item, session), report };
}

function placeOf({ source, snapshot }: RestoreRequest['items'][number], { platform }: Session): string {
  return platform.placeOf(snapshot, source.kind, source.name) ?? '';
}

/** The same point to the same place once more: whoever calls may not know that there is less to do. */
function tellUnfinished(request: RestoreRequest, session: Session): void {
  if (request.dryRun || request.items.length < 2) return;
  const recoveryPoint = request.items[0]?.snapshot.recoveryPoint ?? '';
  const old = unfinished(session).find((one) => isSame(one, { recoveryPoint, request }));
  if (old !== undefined) session.warn(`${begunText(old)}; surety restore --resume does only the rest`);
}

function unfinished({ platform, warn }: Session): readonly UnfinishedRestore[] {
  try {
    return platform.restoreJournal().list();
  } catch (error) {
    warn(messageOf(error));
    return [];
  }
}

function begunText({ startedAt, members }: UnfinishedRestore): string {
  const done = members.filter(({ state }) => state === 'done').length;
  return `the restore begun at ${localTime(startedAt)} did ${done} of ${members.length} members`;
}

async function planResumed(call: Call, options: RestoreOptions, session: Session): Promise<RestoreRequest> {
  const { platform } = session;
  const journal = platform.restoreJournal();
  const record = unfinishedRestore(journal);
  session.warn(begunText(record));
  const to = record.request.target === undefined ? 'original' : 'folder';
  const resumed = await resumeRestore(record, {
    signal: call.signal,
    repositories: platform.repositories(),
    writerOf: ({ kind, source }, snapshot) => platform.writer(snapshot, kind, { to, into: source }),
    placeOf: ({ kind, source }, snapshot) => platform.placeOf(snapshot, kind, source) ?? '',
    isThere: existsSync,
  });
  const request = resumedRequest(record, resumed, {
    runId: newRecoveryPointId(call.clock.now()),
    decision: 'replace-nothing',
    spaceAt: options.ignoreSpace === true ? undefined : platform.spaceAt,
  });
  return { ...request, journal: { ...journalHow(session), resumed: record } };
}

function abandon({ platform }: Session): Answer {
  const journal = platform.restoreJournal();
  const records = journal.list();
  for (const { id } of records) journal.remove(id);
  const text =
    records.length === 0 ? 'There is none.\n' : records.map((one) => `Forgotten: ${begunText(one)}.\n`).join('');
  return { exitCode: 0, document: { verb: 'restore', abandoned: records.map(({ id }) => id) }, text };
}

async function oldAnswer(call: Call, { source }: RestoreOptions, { platform }: Session): Promise<Answer> {
  const report = await listOld({ sources: platform.sources(source), safetyDumps: platform.safetyDumps() }, call);
  return {
    exitCode: exitCodeOfOutcome(report.outcome),
    document: { verb: 'restore', ...report },
    text: oldText(report),
  };
}

function nothingNamed(): SuretyError {
  return new SuretyError('usage.restore-what', 'restore does not know what to restore', {
    hint: 'name a snapshot, a recovery point or latest; surety list shows what there is',
  });
}

/** What is restored could take the place of the files that it comes from. */
function insideRepository(target: string, repository: string): SuretyError {
  return new SuretyError('target.in-repository', `the target ${target} is inside of repository ${repository}`, {
    hint: 'name a folder that is not in a repository',
  });
}
