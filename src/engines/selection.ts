/** Which entries of a snapshot are wanted. */

export interface Selection {
  /** True when the entry itself is wanted, with what is below it. Marks the pattern that wants it as met. */
  wants(path: string): boolean;
  /** Whether something below a directory that is not wanted itself may be. */
  mayWantBelow(path: string): boolean;
  /** Patterns that have wanted nothing so far. */
  unmet(): string[];
}

interface Pattern {
  readonly text: string;
  /** Matches the whole path. */
  readonly matches: (path: string) => boolean;
  /** Matches a directory above a possible match. */
  readonly leadsTo: (path: string) => boolean;
}

/**
 * Paths select an entry and what is below it; `*`, `?` (within a name) and `**` (over any number of directories) select all
 * entries they match. Leading and trailing slashes mean nothing. Undefined, or a pattern that is only a slash, selects all.
 */
export function createSelection(select: readonly string[] | undefined): Selection {
  const texts = select?.map(withoutSlashes);
  if (texts === undefined || texts.includes('')) return EVERYTHING;
  const patterns = texts.map(toPattern);
  const met = new Set<string>();
  return {
    wants(path) {
      let wanted = false;
      for (const { text, matches } of patterns) {
        if (!matches(path)) continue;
        wanted = true;
        met.add(text);
      }
      return wanted;
    },
    mayWantBelow: (path) => patterns.some(({ leadsTo }) => leadsTo(path)),
    unmet: () => texts.filter((text) => !met.has(text)),
  };
}

const EVERYTHING: Selection = { wants: () => true, mayWantBelow: () => true, unmet: () => [] };

function withoutSlashes(text: string): string {
  return text.replace(/^(?:\.?\/+)+/, '').replace(/\/+$/, '');
}

function toPattern(text: string): Pattern {
  if (!/[*?]/.test(text)) {
    return { text, matches: (path) => path === text, leadsTo: (path) => text.startsWith(`${path}/`) };
  }
  const parts = text.split('/');
  const whole = new RegExp(`^${expression(parts)}$`, 'su');
  // Above a match: the path fits the beginning of the pattern, or anything may follow a `**` in it.
  const beginnings = parts.map((_, at) => new RegExp(`^${expression(parts.slice(0, at + 1))}$`, 'su'));
  const anyDepth = parts.findIndex((part) => part.includes('**'));
  const free = anyDepth < 0 ? undefined : parts.slice(0, anyDepth);
  return {
    text,
    // An entry may be called like the pattern itself.
    matches: (path) => path === text || whole.test(path),
    leadsTo: (path) => {
      const depth = path.split('/').length;
      if (free === undefined || depth <= free.length) return depth < parts.length && beginnings[depth - 1]!.test(path);
      const start = path.split('/').slice(0, free.length).join('/');
      return free.length === 0 || beginnings[free.length - 1]!.test(start);
    },
  };
}

function expression(parts: readonly string[]): string {
  let text = '';
  parts.forEach((part, at) => {
    const last = at === parts.length - 1;
    if (part === '**' && !last) text += '(?:[^/]+/)*';
    else text += part.replace(/\*\*|[\s\S]/gu, translate) + (last ? '' : '/');
  });
  return text;
}

function translate(token: string): string {
  if (token === '**') return '.*';
  if (token === '*') return '[^/]*';
  if (token === '?') return '[^/]';
  return /[\\^$.+|()[\]{}]/.test(token) ? `\\${token}` : token;
}
