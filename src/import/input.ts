/** A file that is imported, read as what its content is. */
import { SuretyError } from '../base/errors.ts';
import { readEnv } from './env-text.ts';
import { cronLine, readScript, type Script } from './script-text.ts';
import type { Setting } from './settings.ts';
import { isMapping, readYaml, type YamlDocument } from './yaml-text.ts';

export type Input = { readonly name: string; readonly text: string } & (
  | { readonly kind: 'yaml'; readonly documents: readonly YamlDocument[] }
  | { readonly kind: 'env'; readonly settings: readonly Setting[] }
  | { readonly kind: 'script'; readonly script: Script }
);

/**
 * The input for a file's bytes; `name` is how messages call it. Throws `config.not-text` for what is not UTF-8 text, and
 * `config.invalid` for broken YAML.
 */
export function readInput(name: string, bytes: Uint8Array): Input {
  const text = textOf(name, bytes);
  const settings = readEnv(name, text);
  if (settings !== undefined) return { name, text, kind: 'env', settings };
  const unit = unitScript(text);
  if (unit !== undefined) return { name, text, kind: 'script', script: readScript(name, unit) };
  if (isToml(text)) throw isTomlError(name);
  if (isScript(text)) return { name, text, kind: 'script', script: readScript(name, text) };
  const documents = readYaml(name, text);
  // Anything at all is YAML: a text that is no mapping was meant as something else.
  if (documents.some(({ value }) => isMapping(value))) return { name, text, kind: 'yaml', documents };
  return { name, text, kind: 'script', script: readScript(name, text) };
}

function textOf(name: string, bytes: Uint8Array): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (!text.includes('\0')) return text;
  } catch {
    // Answered below.
  }
  throw new SuretyError('config.not-text', `${name} is not a text file`, {
    hint: 'name the configuration itself: a YAML, .env, crontab or script file in UTF-8',
  });
}

function isScript(text: string): boolean {
  if (text.startsWith('#!')) return true;
  const lines = text.split('\n').filter((line) => !/^\s*(#.*)?$/.test(line));
  return lines.some(
    (line) => cronLine(line) !== undefined || /^\s*(?:[^\s=]+=\S*\s+)*(?:sudo\s+)?(?:\S*\/)?restic\s/.test(line),
  );
}

/** The commands and variables of a systemd unit as a script with the same line numbers; undefined for anything else. */
function unitScript(text: string): string | undefined {
  if (!/^\[(?:Service|Unit|Timer)\]\s*$/m.test(text)) return undefined;
  const lines = text.split('\n').map((line) => {
    const [, key, value = ''] = /^(Environment|Exec(?:Start|StartPre|StartPost))=(.*)$/.exec(line) ?? [];
    if (key === undefined) return /\\\s*$/.test(line) || /^\s/.test(line) ? line : '';
    return key === 'Environment' ? `export ${value}` : value.replace(/^[-@+!:|]+/, '');
  });
  return lines.join('\n');
}

function isToml(text: string): boolean {
  return /^\s*\[[\w."'-]+\]\s*$/m.test(text) && /^\s*[\w."'-]+\s*=\s*\S/m.test(text);
}

function isTomlError(name: string): SuretyError {
  return new SuretyError('config.unknown-format', `${name} is TOML, which is not read`, {
    hint: 'write it as YAML: resticprofile takes the same keys there',
  });
}
