const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** The size in a message of borg such as `freed about 2.42 kB`, which `pattern` finds; 0 where there is none. */
export function borgMessageSize(pattern: RegExp, message = ''): number {
  const [, number, unit = ''] = /^([\d.]+) (\w+)$/.exec(pattern.exec(message)?.[1] ?? '') ?? [];
  const power = UNITS.indexOf(unit);
  return power < 0 ? 0 : Math.round(Number(number) * 1000 ** power);
}
