import type { Draft } from '../draft.ts';
import { type Setting, textOf } from '../settings.ts';
import type { Options } from './call.ts';

const COUNTS = ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;
const SPANS = ['within', 'within-hourly', 'within-daily', 'within-weekly', 'within-monthly', 'within-yearly'] as const;

/** A month of 31 days: rather one snapshot too many. */
const DAYS: Readonly<Record<string, number>> = { y: 366, m: 31, d: 1 };

export interface Keep {
  readonly value: Readonly<Record<string, unknown>>;
  readonly from: readonly Setting[];
}

/** The policy of `forget`; undefined when it names none. */
export function keepOf(options: Options, draft: Draft): Keep | undefined {
  const value: Record<string, unknown> = {};
  const from: Setting[] = [];
  const take = (key: string, setting: Setting, said: unknown) => {
    if (said === undefined) {
      draft.omit(
        setting,
        'it is no number, or no span of time, that restic would take',
        'set `keep` of the job by hand',
      );
      return;
    }
    value[key] = said;
    from.push(setting);
  };
  for (const name of COUNTS)
    for (const setting of lastOf(options, `keep-${name}`)) take(name, setting, countOf(setting));
  for (const name of SPANS)
    for (const setting of lastOf(options, `keep-${name}`)) take(name.replace('-', '_'), setting, spanOf(setting));
  const tags = (options.get('keep-tag') ?? []).flatMap((setting) => {
    from.push(setting);
    const list: readonly unknown[] = Array.isArray(setting.value) ? setting.value : [setting.value];
    return list.map((tag) => String(tag).split(','));
  });
  if (tags.length > 0) value.tags = tags.map((all) => (all.length === 1 ? all[0] : all));
  return Object.keys(value).length === 0 ? undefined : { value, from };
}

function lastOf(options: Options, name: string): readonly Setting[] {
  return options.get(name)?.slice(-1) ?? [];
}

/** `unlimited` and -1 mean all. */
function countOf(setting: Setting): number | 'all' | undefined {
  const text = textOf(setting) ?? '';
  if (text === 'unlimited' || text === '-1') return 'all';
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** `1y5m7d2h`: years, months, days and hours. */
function spanOf(setting: Setting): string | undefined {
  const text = textOf(setting) ?? '';
  if (!/^(?:\d{1,6}[ymdh])+$/.test(text)) return undefined;
  let days = 0;
  let hours = 0;
  for (const [, amount, unit = ''] of text.matchAll(/(\d+)([ymdh])/g)) {
    if (unit === 'h') hours += Number(amount);
    else days += Number(amount) * (DAYS[unit] ?? 0);
  }
  return `${days > 0 ? `${days}d` : ''}${hours > 0 || days === 0 ? `${hours}h` : ''}`;
}
