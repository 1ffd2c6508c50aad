import type { HostCheckReport } from '../../operations/check-host.ts';
import { state, table } from '../render.ts';

/** What was found of a host, then what can be done there. */
export function hostCheckText(report: HostCheckReport, colors: boolean): string {
  const { host, location, sources, findings, tools, abilities } = report;
  const rows = findings.map(({ status, what, detail }) => [state(status, colors), what, detail]);
  const hints = findings.flatMap(({ what, hint }) => (hint === undefined ? [] : [`  ${what}: ${hint}\n`]));
  const named = tools.map(({ name, version }) => (version === '' ? name : `${name} ${version}`)).join(', ');
  const able = abilities.map(({ what, able: isAble, by }) => [isAble ? 'yes' : 'no', what, by]);
  const columns = [{ title: '' }, { title: '' }, { title: '' }];
  return [
    `${host}: ${location}${sources.length === 0 ? '' : `, the host of ${sources.join(', ')}`}\n`,
    table(columns, rows),
    hints.length === 0 ? '' : `\nWhat to do:\n${hints.join('')}`,
    tools.length === 0 ? '' : `\nPrograms there: ${named}\n`,
    able.length === 0 ? '' : `\nWhat Surety can do there:\n${table(columns, able, '  ')}`,
  ].join('');
}
