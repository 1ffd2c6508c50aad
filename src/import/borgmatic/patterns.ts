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
  // Anything below any folder: a name wherever it is.
  const anywhere = pattern.replace(/^\*+\//, '');
  if (!pattern.startsWith('/') && !anywhere.includes('/')) return anywhere;
  const parts = (pattern.startsWith('*/') ? anywhere : pattern).split('/');
  if (parts.some((part) => part.includes('*') && part !== '*' && part !== parts.at(-1))) return undefined;
  const through = parts.map((part, at) => (part === '*' && at < parts.length - 1 ? '*/**' : part));
  return pattern.startsWith('*/') ? through.join('/') : absolute(through.join('/'));
}

/** A star stays within a name, two stars do not. */
function shell(text: string): string {
  const pattern = escaped(text, /[{}]/g);
  return pattern.startsWith('**/') ? pattern : absolute(pattern);
}

/** Borg compares whole paths, without the slash they begin with. */
function absolute(pattern: string): string {
  return pattern.startsWith('/') ? pattern : pattern.startsWith('*') ? pattern : `/${pattern}`;
}

function escaped(text: string, special: RegExp): string {
  return text.replaceAll(special, '\\$&');
}
