import type { StoreCheckReport } from '../../operations/check-store/check-store.ts';
import { state, table } from '../render.ts';

/** The findings as a table, then what they mean. */
export function storeCheckText(report: StoreCheckReport, colors: boolean): string {
  const rows = report.findings.map(({ status, what, detail, hint }) => [
    status === 'skipped' ? '-' : state(status, colors),
    what,
    hint === undefined ? detail : `${detail} (${hint})`,
  ]);
  const columns = [{ title: '' }, { title: '' }, { title: '' }];
  const list = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? '' : `\n${title}\n${lines.map((line) => `- ${line}\n`).join('')}`;
  return [
    `${report.repository}: ${report.location}\n`,
    table(columns, rows),
    list('Surety relies on:', report.relies),
    list('It does without:', report.without),
  ].join('');
}
