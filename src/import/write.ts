/** The text of an imported `surety.yaml`: what is carried over, and as comments what is not. */
import { Document, isMap, isScalar, isSeq, visit } from 'yaml';
import { displayName } from '../base/names.ts';
import { type Draft, type NotCarried, SECTIONS, type Section } from './draft.ts';
import type { Fitted, SetAside } from './fit.ts';

export interface Text {
  /** What it was made of, for the first line. */
  readonly title: string;
  readonly fitted: Fitted;
  /** For the order of the parts, and what stands above them. */
  readonly draft: Pick<Draft, 'sections' | 'comments'>;
  readonly notCarried: readonly NotCarried[];
}

const FLOW_WIDTH = 90;

const STAND_IN_COMMENT =
  'This one stands in for repositories that this version does not have. Choose its place, and make its password: head -c 24 /dev/urandom | base64 > surety-password';

export function writeText(text: Text): string {
  const head = [
    `# Surety: ${oneLine(text.title)}.`,
    '# `surety config check` looks at it; what was not carried over is listed at the end.',
    '',
  ];
  const sections = SECTIONS.map((section) => sectionText(section, text)).filter((part) => part !== '');
  const tail = [...scheduleText(text), ...notCarriedText(text.notCarried)];
  return `${head.join('\n')}${sections.map((part) => `\n${part}`).join('')}${tail.join('\n')}${tail.length > 0 ? '\n' : ''}`;
}

function sectionText(section: Section, { fitted, draft }: Text): string {
  const kept = fitted.sections[section];
  const names = [...new Set([...draft.sections[section].keys(), ...kept.keys()])];
  const parts = names.map((name) => {
    const isStandIn = section === 'repositories' && name === fitted.standIn;
    const above = isStandIn ? STAND_IN_COMMENT : draft.comments.get(`${section}.${name}`);
    const comment = above === undefined ? '' : commented(wrapped(above));
    const value = kept.get(name);
    const aside = fitted.setAside.filter((one) => one.section === section && one.name === name);
    return comment + (value === undefined ? '' : block({ [name]: value })) + aside.map(asideText).join('');
  });
  if (parts.every((part) => part === '')) return '';
  return `${kept.size > 0 ? '' : '# '}${section}:\n${parts.map((part) => indented(part, 2)).join('')}`;
}

/** What this version does not take stands where it belongs, as a comment. */
function asideText({ name, key, value, reason }: SetAside): string {
  const what = key === undefined ? block({ [name]: value }) : indented(block({ [key]: value }, 1), 2);
  return commented(`${oneLine(reason)}:\n`) + commented(what);
}

/** What puts the schedules into effect. */
function scheduleText({ fitted }: Text): string[] {
  const { jobs, maintenance } = fitted.sections;
  if (![...jobs.values(), ...maintenance.values()].some(({ schedule }) => schedule !== undefined)) return [];
  const head = '`surety schedule export crontab` (or systemd, compose, windows) puts these schedules into effect.';
  const names = variablesOf(fitted.sections);
  const secrets = `cron and systemd read no .env file by themselves: name it with --environment, as it has to set ${names.join(', ')}.`;
  return ['', commented(wrapped(names.length === 0 ? head : `${head} ${secrets}`)).trimEnd()];
}

/** Names of the variables that secrets come from: `{ env: NAME }`. */
function variablesOf({ sources, repositories, notifications }: Fitted['sections']): string[] {
  const all = [sources, repositories, notifications].flatMap((parts) => [...parts.values()]);
  const names = new Set<string>();
  visit(new Document(all), {
    Map(_key, node) {
      const name = node.get('env');
      if (node.items.length === 1 && typeof name === 'string') names.add(name);
    },
  });
  return [...names].sort();
}

function notCarriedText(notCarried: readonly NotCarried[]): string[] {
  if (notCarried.length === 0) return [];
  const lines = notCarried.flatMap((one) => [
    `# - ${placed(one)}: ${oneLine(one.reason)}`,
    `#   → ${oneLine(one.remedy)}`,
  ]);
  return ['', '# Not carried over:', ...lines];
}

/** `config/backup.yaml:14 backup.cloud.provider`. */
export function placed({ file, line, key }: Pick<NotCarried, 'file' | 'line' | 'key'>): string {
  return `${displayName(file)}:${line} ${displayName(key)}`;
}

function oneLine(text: string): string {
  return displayName(text.replaceAll(/\s*\n\s*/g, ' '));
}

/** YAML with short lists and mappings on one line. */
function block(value: object, flowDepth = 2): string {
  const document = new Document(value);
  visit(document, {
    Collection(_key, node, path) {
      const depth = path.filter((above) => isMap(above) || isSeq(above)).length;
      if (depth < flowDepth || !(isMap(node) || isSeq(node))) return;
      const isFlat = node.items.every((item) => (isSeq(node) ? isScalar(item) : true));
      node.flow = isFlat && JSON.stringify(node.toJSON()).length <= FLOW_WIDTH;
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

function indented(text: string, columns: number): string {
  return text.replaceAll(/^(?=.)/gm, ' '.repeat(columns));
}

function commented(text: string): string {
  return text.replaceAll(/^(.*)\n/gm, (_line, content: string) => `# ${content}`.trimEnd().concat('\n'));
}

const COMMENT_WIDTH = 110;

function wrapped(text: string): string {
  const lines: string[] = [''];
  for (const word of oneLine(text).split(' ')) {
    const last = lines[lines.length - 1] ?? '';
    if (last !== '' && last.length + word.length >= COMMENT_WIDTH) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines.map((line) => `${line}\n`).join('');
}
