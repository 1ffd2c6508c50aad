/** What a person reads of the scenarios in `surety status`. */
import { spanName } from '../../base/durations.ts';
import type { ScenarioStatus } from '../../operations/status/status-scenario.ts';
import { duration, painted, table } from '../render.ts';

const COLUMNS = [
  { title: 'Scenario' },
  { title: 'Sources' },
  { title: 'From' },
  { title: 'Lost now', align: 'right' as const },
  { title: 'At most', align: 'right' as const },
  { title: 'Restore', align: 'right' as const },
  { title: 'At most', align: 'right' as const },
  { title: 'State' },
];

/** A line for each, red where a target is exceeded, and the reasons below; '' where there is none. */
export function scenariosText(scenarios: readonly ScenarioStatus[], colors: boolean): string {
  if (scenarios.length === 0) return '';
  const rows = scenarios.map(({ name, sources, from, rpoMs, rtoMs, verdict }) => [
    name,
    sources.join(' '),
    from?.join(' ') ?? '-',
    exceeded(verdict.lostMs === undefined ? '-' : duration(verdict.lostMs), verdict.rpoKept, colors),
    rpoMs === undefined ? '-' : spanName(rpoMs),
    exceeded(restoreCell(verdict), verdict.rtoKept, colors),
    rtoMs === undefined ? '-' : spanName(rtoMs),
    painted(verdict.state, verdict.alarm ? 'failed' : 'ok', colors),
  ]);
  const reasons = scenarios.flatMap(({ name, verdict }) =>
    verdict.reasons.map((reason) => `${painted('missed', 'failed', colors)}  ${name}: ${reason}\n`),
  );
  return table(COLUMNS, rows) + reasons.join('');
}

function restoreCell({ expectedMs, unmeasured }: ScenarioStatus['verdict']): string {
  if (expectedMs === undefined) return 'not measured';
  return `${unmeasured.length === 0 ? '' : '> '}${duration(expectedMs)}`;
}

function exceeded(cell: string, kept: boolean | undefined, colors: boolean): string {
  return kept === false ? painted(cell, 'failed', colors) : cell;
}
