/** What a person reads before and after a restore. */

import { hasCode } from '../../base/errors.ts';
import { shortId } from '../../base/short-id.ts';
import type { RestoredItem, RestoreReport } from '../../operations/restore.ts';
import { age, count, duration, firstOf, localTime, saidOf, shownPath, size, state, table } from '../render.ts';
import { errorBelow } from './error.ts';

const EFFECTS = {
  refuse: 'nothing that exists is touched',
  skip: 'files that exist stay as they are',
  changed: 'files that exist are REPLACED where they differ',
  overwrite: 'files that exist are REPLACED',
  newer: 'files that exist are REPLACED where the snapshot has a newer one',
} as const;

/** What is about to happen, from a dry run. */
export function questionText(report: RestoreReport, now: Date): string {
  return report.items.map((item) => itemQuestion(item, report, now)).join('\n');
}

function itemQuestion(item: RestoredItem, restore: RestoreReport, now: Date): string {
  const { snapshot, error } = item;
  const rows = [
    ['source', `${item.source} (${item.kind})`],
    [
      'snapshot',
      `${shortId(snapshot.id)} from ${item.repository}, ${localTime(snapshot.time)} (${age(snapshot.time, now)})`,
    ],
    ['taken on', `host ${snapshot.host}`],
    ['target', restore.target ?? originalPlace(item)],
    ['content', contentText(item)],
    ...effectRows(item, restore),
  ];
  if (error !== undefined) rows.push(['problem', error.message]);
  return `${table([{ title: '' }, { title: '' }], rows, '  ')}${planText(item)}`;
}

function originalPlace({ snapshot, intoServer, source, host }: RestoredItem): string {
  const paths = snapshot.paths.map(shownPath).join(', ');
  if (intoServer) return `the server of source ${source}${host === undefined ? '' : ` on ${host}`}`;
  return `the original place: ${paths} on ${host ?? 'this machine'}`;
}

function contentText({ report, snapshot, intoServer }: RestoredItem): string {
  if (report === undefined || intoServer)
    return snapshot.stats === undefined ? 'not known' : size(snapshot.stats.sizeBytes);
  return `${count(report.files, 'file')}, ${size(report.sizeBytes)}${leftText(report)}`;
}

/** What happens to databases, in general and what their source knows of these. */
function effectRows({ intoServer, report }: RestoredItem, { conflict, server }: RestoreReport): string[][] {
  if (!intoServer) return [['effect', EFFECTS[conflict]]];
  const lines = [serverEffect(server), ...(report?.notes ?? [])];
  return lines.map((line, at) => [at === 0 ? 'effect' : '', line]);
}

function serverEffect(server: RestoreReport['server']): string {
  if (server?.as !== undefined) return `a new database ${server.as}; nothing that exists is touched`;
  if (server?.inPlace === true) return 'what is in the database is REPLACED, after a safety dump of it';
  const old = server?.dropOld === true ? 'REMOVED' : 'kept under a dated name';
  return `what is there is REPLACED: a new database takes its name when it is whole, programs are disconnected, the old one is ${old}`;
}

/** Planned changes that replace something come first: they are what matters. */
function planText({ report }: RestoredItem, whole = false): string {
  const plan = report?.plan ?? [];
  const sorted = [
    ...plan.filter((one) => one.action === 'overwrite'),
    ...plan.filter((one) => one.action !== 'overwrite'),
  ];
  return firstOf(
    sorted.map(({ action, path }) => `${action} ${shownPath(path)}`),
    sorted.length < PLAN_MAX ? sorted.length : report!.files + report!.dirs + report!.others + report!.skipped,
    '    ',
    whole ? sorted.length : undefined,
  );
}

/** A plan of this length can be the beginning of a longer one. */
const PLAN_MAX = 1000;

export interface RestoreTextHow {
  readonly colors: boolean;
  /** Show a dry run's whole plan instead of its beginning. */
  readonly verbose: boolean;
}

export function restoreText(report: RestoreReport, how: RestoreTextHow): string {
  const parts = report.items.map((item) => itemText(item, report, how));
  return `${parts.join('')}${nextText(report)}`;
}

function itemText(
  item: RestoredItem,
  { dryRun, target, server }: RestoreReport,
  { colors, verbose }: RestoreTextHow,
): string {
  const { snapshot, report, error } = item;
  const head = `${state(item.outcome, colors)}  ${item.source}: snapshot ${shortId(snapshot.id)} from ${item.repository}`;
  if (report === undefined) return `${head}\n${error === undefined ? '' : errorBelow(error, '    ')}`;
  const verb = dryRun ? 'would be restored' : 'restored';
  const others = report.dirs + report.others;
  const files = `${count(report.files, 'file')} (${size(report.sizeBytes)})`;
  const amounts = others > 0 ? `${files}, ${count(others, 'other entry', 'other entries')}` : files;
  const line = `${head}: ${amounts} ${verb} to ${placeText(item, target, server?.as)}${leftText(report)}, ${duration(item.durationMs)}\n`;
  return line + notesText(report) + findings(item) + (dryRun ? planText(item, verbose) : '');
}

function placeText(
  { kind, intoServer, host }: RestoredItem,
  target: string | undefined,
  as: string | undefined,
): string {
  if (target !== undefined) return target;
  const there = host === undefined ? '' : ` on ${host}`;
  if (!intoServer) return `the original place${there}`;
  if (kind === 'command') return `its restore command${there}`;
  return `the server${there}${as === undefined ? '' : ` as ${shownPath(as)}`}`;
}

function leftText({ skipped, unchanged }: NonNullable<RestoredItem['report']>): string {
  const parts = [
    { number: unchanged, what: 'unchanged' },
    { number: skipped, what: 'skipped' },
  ];
  return parts.map(({ number, what }) => (number > 0 ? `; ${number.toLocaleString('en-US')} ${what}` : '')).join('');
}

function notesText({ notes }: NonNullable<RestoredItem['report']>): string {
  return notes.map((note) => `    note: ${note}\n`).join('');
}

function findings({ report, warnings, warningCount }: RestoredItem): string {
  const failed = (report?.failed ?? []).map(({ path, error }) => `failed: ${saidOf(path, error.message)}`);
  const checks = (report?.checks ?? []).map(({ what, ok, detail }) => `${ok ? 'ok' : 'FAILED'}: ${what}: ${detail}\n`);
  // A warning for each failed entry would say everything twice.
  const named = new Set((report?.failed ?? []).map(({ path }) => path));
  const other = warnings.filter(({ path }) => !named.has(path)).map(({ path, message }) => saidOf(path, message));
  const more = Math.max(other.length, warningCount - failed.length);
  return (
    firstOf(failed, failed.length, '    ') + firstOf(other, more, '    ') + checks.map((line) => `    ${line}`).join('')
  );
}

function nextText({ outcome, dryRun, items, resumable }: RestoreReport): string {
  if (dryRun) return 'Nothing was written: this was a dry run.\n';
  if (resumable) return resumeText(outcome, items);
  if (outcome === 'interrupted') return 'Interrupted: what is at the target is not complete. Restore again.\n';
  const failed = items.flatMap(({ report }) => report?.failed ?? []);
  if (failed.length === 0) return '';
  return failed.some(({ error }) => hasCode(error, 'repository.damaged', 'tree.damaged'))
    ? 'Next: what is named above is not there; restore it from another snapshot or repository.\n'
    : 'Next: what is named above is not there; correct what stood in the way and restore it again with --path.\n';
}

function resumeText(outcome: RestoreReport['outcome'], items: readonly RestoredItem[]): string {
  const left = items.filter((item) => item.outcome === 'failed' || item.outcome === 'interrupted');
  const names = left.map(({ source }) => source).join(', ');
  const what = outcome === 'interrupted' ? 'Interrupted' : 'Not complete';
  return `${what}: ${names} ${left.length === 1 ? 'is' : 'are'} left. Next: correct what stood in the way, then surety restore --resume\n`;
}
