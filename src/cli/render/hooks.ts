/** Hooks as a person reads of them. */
import { type HookReport, hookName } from '../../operations/hooks/hook-report.ts';
import { duration, state } from '../render.ts';

/** Which hook, and what became of it: one line, or more with what it said last. */
export function hookLine(report: HookReport): string {
  return report.error === undefined ? `${hookName(report)}: ${report.outcome}` : report.error.message;
}

/** A line for each hook; what went wrong below it. */
export function hooksText(reports: readonly HookReport[], colors: boolean): string {
  return reports.map((report) => hookText(report, colors)).join('');
}

function hookText(report: HookReport, colors: boolean): string {
  const { error, outcome, durationMs } = report;
  const head = `${state(outcome, colors)}  `;
  if (error === undefined) return `${head}${hookName(report)}  ${duration(durationMs)}\n`;
  const hint = error.hint === undefined ? '' : `    hint: ${error.hint}\n`;
  return `${head}${error.message.replaceAll('\n', '\n    ')}\n${hint}`;
}
