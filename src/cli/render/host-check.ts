import type { HostCheckReport } from '../../operations/check-host.ts';
import { state, table } from '../render.ts';

/** What was found of a host, then what can be done there. */
export function hostCheckText(report: HostCheckReport, colors: boolean): string {
  const { host, location, sources, findings, tools, abilities } = report;
  const rows = findings.map(({ status, what, detail, hint }) => [
    state(status, colors),
    what,
    hint === undefined ? detail : `${detail} (${hint})`,
  ]);
  const named = tools.map(({ name, version }) => (version === '' ? name : `${name} ${version}`)).join(', ');
  const able = abilities.map(({ what, able: isAble, by }) => [isAble ? 'yes' : 'no', what, by]);
  const columns = [{ title: '' }, { title: '' }, { title: '' }];
  return [
    `${host}: ${location}${sources.length === 0 ? '' : `, with ${sources.join(', ')}`}\n`,
    table(columns, rows),
    tools.length === 0 ? '' : `\nPrograms there: ${named}\n`,
    able.length === 0 ? '' : `\nWhat can be backed up from there:\n${table(columns, able, '  ')}`,
  ].join('');
}
