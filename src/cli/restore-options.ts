/** What can be said behind `surety restore`. */
import { type Command, Option } from 'commander';
import { SuretyError } from '../base/errors.ts';
import type { Conflict } from '../operations/restore.ts';
import { repeated } from './repeated.ts';

export interface RestoreOptions {
  readonly repository?: readonly string[];
  readonly source?: readonly string[];
  readonly into?: string;
  readonly host?: string;
  readonly at?: string;
  readonly proven?: boolean;
  readonly target?: string;
  readonly as?: string;
  readonly inPlace?: boolean;
  readonly dropOld?: boolean;
  readonly owner?: string;
  readonly table?: readonly string[];
  readonly schema?: readonly string[];
  readonly path?: readonly string[];
  readonly conflict?: Conflict;
  readonly outOfOrder?: boolean;
  readonly ignoreSpace?: boolean;
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly resume?: boolean;
  readonly abandon?: boolean;
  readonly listOld?: boolean;
}

const CONFLICTS: readonly Conflict[] = ['refuse', 'skip', 'changed', 'overwrite', 'newer'];

export function addRestoreOptions(command: Command): Command {
  return command
    .option(
      '--target <dir>',
      'restore below this folder of this machine, which is new or empty; databases of servers as dumps',
    )
    .option('--as <name>', 'restore one database beside the others: under this name, or as this new file')
    .option('--in-place', 'into the database that is there, after a safety dump; of files: where they came from')
    .option('--drop-old', 'remove the database that was replaced, instead of keeping it')
    .option('--owner <role>', 'give everything in the database to this role')
    .option('--table <name>', 'only this table; with --as or --in-place (repeatable)', repeated)
    .option('--schema <name>', 'only this schema; with --as or --in-place (repeatable)', repeated)
    .option('--source <name>', 'only this source (repeatable); with latest: its newest snapshot', repeated)
    .option('--into <source>', 'restore to the place of this configured source instead of its own')
    .option('--host <name>', 'with latest: the newest of this host')
    .option('--at <time>', 'the newest at or before this time, such as "2026-11-20 03:07" or "36h ago"')
    .option('--proven', 'with latest: the newest that was already restored whole')
    .option('--path <path>', 'only this path or glob, and what is below it (repeatable)', repeated)
    .addOption(new Option('--conflict <policy>', 'what to do with a file that exists').choices(CONFLICTS))
    .option('--dry-run', 'show what would be done, and write nothing')
    .option('--force', 'replace what exists without being asked; every other check is still made')
    .option('--resume', 'go on with a restore of several sources that failed or was interrupted')
    .option('--abandon', 'forget such a restore')
    .option('--list-old', 'list what earlier restores kept: replaced databases, safety dumps')
    .option('--out-of-order', 'restore in the order of --source, not what others rely on first')
    .option('--ignore-space', 'do not compare the room at the target with the size')
    .option('--repository <name>', 'restore from this repository (repeatable)', repeated);
}

/** Throws `usage.*` for options that do not go together. */
export function checkRestoreOptions(id: string | undefined, options: RestoreOptions): void {
  const { target, as, inPlace, resume, abandon, table, schema, path } = options;
  if (options.listOld === true) expectListOnly(id, options);
  if (resume === true || abandon === true) expectAlone(id, options);
  if ([target, as, inPlace].filter((value) => value !== undefined).length > 1) {
    throw new SuretyError('usage.restore-place', 'restore can only go to one place', {
      hint: 'give one of --target DIR, --as NAME (for a database) and --in-place, or none for where it came from',
    });
  }
  if ((table ?? schema) !== undefined && as === undefined && inPlace !== true) {
    throw new SuretyError('usage.restore-part', 'a part of a database can not take the place of the whole', {
      hint: 'give --as NAME to look at it in a database of its own, or --in-place to put it into the one that is there',
    });
  }
  if ((table ?? schema) !== undefined && path !== undefined) {
    throw new SuretyError('usage.restore-part', '--path is for files, --table and --schema are for databases', {
      hint: 'give one of them',
    });
  }
}

function expectListOnly(id: string | undefined, { listOld: _, source: __, ...others }: RestoreOptions): void {
  if (id === undefined && Object.values(others).every((value) => value === undefined)) return;
  throw new SuretyError('usage.list-old-alone', '--list-old restores nothing', {
    hint: 'write surety restore --list-old, with --source NAME for one source',
  });
}

function expectAlone(id: string | undefined, { force, ignoreSpace, resume, abandon, ...others }: RestoreOptions): void {
  const more = id !== undefined || Object.values(others).some((value) => value !== undefined);
  if (!more && !(resume === true && abandon === true)) return;
  throw new SuretyError('usage.resume-alone', 'the restore that is continued knows what goes where', {
    hint: 'write surety restore --resume, with --force where nobody can be asked',
  });
}
