import { Command } from 'commander';
import { shortId } from '../../base/short-id.ts';
import { toWanted } from '../../operations/locate.ts';
import { type SeeEntries, type ShownSnapshot, show } from '../../operations/show.ts';
import type { Act, Answer, Call } from '../call.ts';
import { EXIT } from '../exit-codes.ts';

import { entryDocument, entryLine, showText } from '../render/show.ts';
import { repeated } from '../repeated.ts';
import { withSession } from '../session.ts';

interface ShowOptions {
  readonly repository?: readonly string[];
  readonly source?: string;
  readonly host?: string;
  readonly entries?: boolean;
  readonly path?: readonly string[];
}

export function showCommand(act: Act): Command {
  return new Command('show')
    .summary('show a snapshot or a recovery point')
    .description('Shows a snapshot or a recovery point: what it is of, what was recorded, and its entries if asked.')
    .argument('<id>', 'id of a snapshot or recovery point, the beginning of one, or latest')
    .option('--repository <name>', 'look only in this repository (repeatable)', repeated)
    .option('--source <name>', 'with latest: the newest of this source')
    .option('--host <name>', 'with latest: the newest of this host')
    .option('--entries', 'also list files, folders and links')
    .option('--path <path>', 'list only this path or glob, and what is below it (repeatable)', repeated)
    .action(act(runShow));
}

async function runShow(call: Call, id: string, options: ShowOptions): Promise<Answer> {
  return await withSession(call, { record: false, impatient: true }, async ({ platform, warn }) => {
    const entries = options.entries === true || options.path !== undefined ? { select: options.path } : undefined;
    const documents: object[] = [];
    // A snapshot can have millions of entries: people see them as they come, only a JSON document needs them all.
    const see: SeeEntries = async (snapshot, batch) => {
      if (call.globals.json)
        for (const entry of batch) documents.push({ snapshot: snapshot.id, ...entryDocument(entry) });
      else await call.terminal.outAll([...headingOf(snapshot), ...batch.map(entryLine)]);
    };
    let listed = '';
    /** Whose entries these are: a recovery point can have several sources. */
    const headingOf = ({ id, source }: ShownSnapshot['snapshot']): string[] => {
      if (id === listed) return [];
      const gap = listed === '' ? '' : '\n';
      listed = id;
      return [`${gap}snapshot ${shortId(id)}${source === '' ? '' : ` of ${source}`}\n`];
    };
    const repositories = platform.repositories(options.repository);
    const catalog = await platform.catalog();
    const report = await show(
      {
        wanted: toWanted(id, { ...options, here: platform.ownHosts }),
        repositories,
        entries,
        catalog,
        now: call.clock.now(),
      },
      call,
      see,
    );
    for (const line of report.unread) warn(`not looked at: ${line}`);
    return {
      exitCode: EXIT.ok,
      document: { verb: 'show', outcome: 'ok', ...report, ...(entries === undefined ? {} : { entries: documents }) },
      text: (listed === '' ? '' : '\n') + showText(report, call.clock.now()),
    };
  });
}
