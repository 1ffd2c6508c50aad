import { Command } from 'commander';
import { hostName } from '../../base/environment.ts';
import { SuretyError } from '../../base/errors.ts';
import { isRunning } from '../../base/running.ts';
import { auditEntries } from '../../operations/audit/audit-entries.ts';
import type { AuditLog } from '../../operations/audit/audit-log.ts';
import { checkChain } from '../../rules/hash-chain.ts';
import type { Act, Answer, Call } from '../call.ts';
import { EXIT } from '../exit-codes.ts';
import { positiveInteger } from '../parse-option.ts';
import { auditText, chainText } from '../render/audit.ts';
import { withSession } from '../session.ts';

interface AuditOptions {
  readonly days?: number;
  readonly command?: string;
  readonly all?: boolean;
  readonly check?: boolean;
}

const DAY_MS = 86_400_000;
/** Scripts get all of them with `--json`. */
const LINES = 50;

export function auditCommand(act: Act): Command {
  return new Command('audit')
    .summary('who had what done')
    .description(
      'Shows, newest first, the commands that changed something or gave backed-up data out: who called them, with what, and what came ' +
        'of it.',
    )
    .option('--days <number>', 'only the last so many days', positiveInteger)
    .option('--command <words>', 'only this command, such as forget, or keys for all about keys')
    .option('--all', `show more than ${LINES} lines`)
    .option('--check', 'instead tell whether lines were changed or taken out')
    .action(act(runAudit));
}

async function runAudit(call: Call, options: AuditOptions): Promise<Answer> {
  const { days, command, all, check } = options;
  if (check === true && (days ?? command) !== undefined) {
    throw new SuretyError('usage.conflict', '--check is of the whole log', { hint: 'leave out --days and --command' });
  }
  return await withSession(call, { record: false }, async ({ platform }) => {
    const log = platform.auditLog;
    const { location } = log;
    if (check === true) return checked(log, call);
    const entries = auditEntries(log.lines(), {
      ...{ command, host: hostName(), isRunning },
      since: days === undefined ? undefined : new Date(call.clock.now().getTime() - days * DAY_MS),
    });
    const lines = all === true ? undefined : LINES;
    return {
      exitCode: EXIT.ok,
      document: { verb: 'audit', outcome: 'ok', location, entries },
      text: auditText(entries, { colors: call.terminal.colors, location, lines }),
    };
  });
}

function checked(log: AuditLog, call: Call): Answer {
  const report = checkChain(log.lines());
  const { location } = log;
  const isWhole = report.breaks.length === 0;
  return {
    exitCode: isWhole ? EXIT.ok : EXIT.failed,
    document: { verb: 'audit', outcome: isWhole ? 'ok' : 'failed', location, ...report },
    text: chainText(report, { colors: call.terminal.colors, location }),
  };
}
