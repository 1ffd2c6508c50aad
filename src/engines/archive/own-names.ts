/** Tells files that backups are made of from what else is in the folder: only those are ever removed. */
import { LIST_ENDING } from './naming.ts';
import { DEFAULT_NAME } from './options.ts';

const PATTERNS: Readonly<Record<string, string>> = {
  type: '(database|files)',
  source: '[A-Za-z0-9._-]+',
  database: '[A-Za-z0-9._-]+',
  time: '\\d{8}_\\d{6}',
  iso: '\\d{4}-\\d\\d-\\d\\dT\\d\\d-\\d\\d-\\d\\d',
};

/** Whether the template, or the default one, makes names like this. */
export function isOwnName({ name: template }: { readonly name: string }, name: string): boolean {
  return [template, DEFAULT_NAME].some((one) => expressionOf(one).test(name));
}

function expressionOf(template: string): RegExp {
  const parts = template.replace(/\.\{ext\}$/, '').split(/\{([a-z]+)\}/);
  const body = parts.map((part, at) => (at % 2 === 0 ? literally(part) : (PATTERNS[part] ?? ''))).join('');
  const list = literally(LIST_ENDING);
  return new RegExp(`^${body}(-\\d+)?(${list}(\\.age)?|\\.[A-Za-z0-9]{1,8}(\\.(gz|zst))?(\\.age)?)$`);
}

function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
