import { Command, InvalidArgumentError, Option } from 'commander';
import { systemTimeZone } from '../../base/environment.ts';
import { SuretyError } from '../../base/errors.ts';
import type { Platform } from '../../daemon/compose.ts';
import { roleOf } from '../../operations/backup/order.ts';
import type { ListStatus, SnapshotType } from '../../operations/list/listed-snapshot.ts';
import { type ListReport, type ListRequest, list } from '../../operations/list.ts';
import { parseMoment } from '../../rules/moment.ts';
import type { Act, Answer, Call } from '../call.ts';
import { exitCodeOfOutcome } from '../exit-codes.ts';
import { positiveInteger } from '../parse-option.ts';
import { listText } from '../render/list.ts';
import { repeated } from '../repeated.ts';
import { withSession } from '../session.ts';
import { columnsOf } from '../terminal.ts';

interface ListOptions {
  readonly repository?: readonly string[];
  readonly source?: readonly string[];
  readonly host?: readonly string[];
  readonly job?: string;
  readonly type?: SnapshotType;
  readonly kind?: SnapshotType;
  readonly status?: readonly ListStatus[];
  readonly since?: string;
  readonly until?: string;
  readonly days?: number;
  readonly last?: number;
  readonly all?: boolean;
  readonly oldestFirst?: boolean;
}

/** So many lines of a repository can still be looked through; scripts get all of them with `--json`. */
const LINES = 100;
const DAY_MS = 86_400_000;
const STATUSES: readonly ListStatus[] = ['ok', 'failed', 'incomplete'];

export function listCommand(act: Act): Command {
  const types = ['database', 'files'];
  return new Command('list')
    .summary('list the snapshots in the repositories')
    .description('Lists the snapshots in the repositories and the backups that failed, newest first.')
    .option('--repository <name>', 'only this repository (repeatable)', repeated)
    .option('--source <name>', 'only snapshots of this source (repeatable)', repeated)
    .option('--host <name>', 'only snapshots of this host (repeatable)', repeated)
    .option('--job <name>', 'only snapshots of this job')
    .addOption(new Option('--type <type>', 'only snapshots of databases, or of files').choices(types))
    .addOption(new Option('--kind <type>', 'the same').choices(types).hideHelp())
    .option('--status <status>', 'only ok, failed or incomplete ones (repeatable)', statuses)
    .option('--since <time>', 'only what was taken then or later, such as 2026-11-20, yesterday or "36h ago"')
    .option('--until <time>', 'only what was taken then or before')
    .option('--days <number>', 'only what was taken in the last so many days', positiveInteger)
    .option('--last <number>', 'only the newest so many of each repository', positiveInteger)
    .option('--all', `show more than ${LINES} lines of each repository`)
    .option('--oldest-first', 'begin with the oldest')
    .action(act(runList));
}

function statuses(text: string, before: readonly ListStatus[] = []): ListStatus[] {
  const status = STATUSES.find((one) => one === text);
  if (status === undefined) throw new InvalidArgumentError(`Allowed choices are ${STATUSES.join(', ')}.`);
  return [...before, status];
}

async function runList(call: Call, options: ListOptions): Promise<Answer> {
  const times = timesOf(options, call);
  return await withSession(call, { record: false, impatient: true }, async ({ platform }) => {
    const request: ListRequest = {
      ...{ repositories: platform.repositories(options.repository), last: options.last, job: options.job },
      ...{ sources: options.source, hosts: options.host, statuses: options.status, ...times },
      type: options.type ?? options.kind,
      order: options.oldestFirst === true ? 'oldest-first' : undefined,
      catalog: await platform.catalog(),
      typeOf: typesIn(platform),
      now: call.clock.now(),
    };
    const report = await list(request, call);
    if (report.outcome === 'ok' && isEmpty(report)) {
      // Names that are in snapshots only are good ones too; a name that is nowhere is a slip.
      if (options.source !== undefined) platform.sources(options.source);
      if (options.job !== undefined) platform.job(options.job);
    }
    const codes = report.repositories.flatMap((one) => one.error?.code ?? []);
    const how = { colors: call.terminal.colors, columns: columnsOf(call.terminal) };
    const lines = options.all === true || options.last !== undefined ? undefined : LINES;
    return {
      exitCode: exitCodeOfOutcome(report.outcome, codes),
      document: { verb: 'list', ...report },
      text: listText(report, { ...how, now: request.now, lines }),
    };
  });
}

function isEmpty({ repositories }: ListReport): boolean {
  return repositories.every(({ snapshots, failures }) => snapshots.length + failures.length === 0);
}

function timesOf({ since, until, days }: ListOptions, { clock }: Call): Pick<ListRequest, 'since' | 'until'> {
  if (since !== undefined && days !== undefined) {
    throw new SuretyError('usage.conflict', '--since and --days were given', { hint: 'leave one of them out' });
  }
  const now = clock.now();
  // Asked only where it is needed: that takes 13 ms.
  const at = (edge?: 'start') => ({ now, timeZone: systemTimeZone(), ...(edge && { edge }) });
  const from = days === undefined ? undefined : new Date(now.getTime() - days * DAY_MS);
  return {
    since: since === undefined ? from : parseMoment(since, at('start')),
    until: until === undefined ? undefined : parseMoment(until, at()),
  };
}

function typesIn(platform: Platform): (source: string) => SnapshotType | undefined {
  const types = new Map(
    platform
      .sources()
      .map(({ name, kind }): [string, SnapshotType] => [name, roleOf({ kind }) === 'database' ? 'database' : 'files']),
  );
  return (source) => types.get(source);
}
