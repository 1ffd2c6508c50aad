/** Patterns of borg, as `borg help patterns` describes them, and what is the same in Surety. */

const STYLE = /^(fm|sh|re|pp|pf):([\s\S]*)$/;

/** The pattern for `exclude`; undefined where there is none that means the same. `style` is that of a pattern without one. */
export function excludeOf(pattern: string, style: 'fm' | 'sh'): string | undefined {
  const [, named, rest] = STYLE.exec(pattern) ?? [];
  const text = rest ?? pattern;
  if (text === '' || text.startsWith('~') || /\$\{?\w/.test(text)) return undefined;
  switch (named ?? style) {
    case 'fm':
      return fnmatch(text);
    case 'sh':
      return shell(text);
    case 'pp':
    case 'pf':
      return absolute(escaped(text, /[*?[\]{}\\]/g));
    default:
      return undefined;
  }
}

/** A star of fnmatch goes through slashes. */
function fnmatch(text: string): string | undefined {
  const pattern = escaped(text, /[{}]/g);
  const isAnywhere = pattern.startsWith('*');
  const parts = pattern.replace(/^\*+\//, '').split('/');
  const last = parts.pop() ?? '';
  if (parts.some((part) => part.includes('*') && part !== '*')) return undefined;
  // The end of any path: a name wherever it is.
  const isName = isAnywhere && parts.length === 0;
  const end = isName && last.startsWith('*') ? last : throughSlashes(last);
  if (end === undefined) return undefined;
  const whole = [...parts.map((part) => (part === '*' ? '*/**' : part)), end].join('/');
  return isAnywhere ? whole : absolute(whole);
}

/** The last part of a pattern, whose star may stand for folders and the beginning of a name in them. */
function throughSlashes(part: string): string | undefined {
  const [before = '', after, ...more] = part.split('*');
  if (after === undefined || part === '*') return part;
  if (more.length > 0) return undefined;
  if (after === '') return part;
  return before === '' ? `**/*${after}` : `{${part},${before}*/**/*${after}}`;
}

/** A star stays within a name, two stars do not. */
function shell(text: string): string {
  const pattern = escaped(text, /[{}]/g);
  return pattern.startsWith('**/') ? pattern : absolute(pattern);
}

/** Borg compares whole paths, without the slash they begin with. */
function absolute(pattern: string): string {
  return pattern.startsWith('/') ? pattern : `/${pattern}`;
}

function escaped(text: string, special: RegExp): string {
  return text.replaceAll(special, '\\$&');
}
