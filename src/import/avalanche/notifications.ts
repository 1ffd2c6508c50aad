import type { Taken } from '../reader.ts';
import { secretInVariable } from '../secrets.ts';
import type { Setting } from '../settings.ts';
import type { Avalanche } from './avalanche.ts';

const PART = 'backup.notifications';
const PASSWORD_VARIABLE = 'SMTP_PASSWORD';

/** Messages by e-mail; the scripts never sent any, but this is how they were meant. Others are told of. */
export function notifications(avalanche: Avalanche): void {
  const { draft, yaml, yamlSettings } = avalanche;
  const enabled = yaml.flag(`${PART}.enabled`);
  if (enabled?.value !== true) {
    yamlSettings.takeBelow(PART);
    return;
  }
  if (yamlSettings.has(`${PART}.email`) || yamlSettings.has(`${PART}.smtp_host`)) email(avalanche, enabled.from);
  for (const setting of yamlSettings.takeBelow(PART)) {
    const isSecret = /password|webhook/.test(setting.key);
    const remedy = isSecret ? 'nothing was copied; it is a secret' : 'let a hook in `hooks.after` of the jobs do it';
    draft.omit(setting, 'this version sends messages by e-mail only', remedy);
  }
}

function email({ draft, yaml }: Avalanche, enabled: Setting): void {
  const put = (key: string, taken: Taken<unknown> | undefined) => {
    if (taken !== undefined) draft.put('notifications', 'email', key, taken.value, taken.from);
  };
  const told = 'The scripts never sent a message. surety notify test looks whether one arrives.';
  draft.comment('notifications', 'email', told);
  const server = firstOf(['smtp_host'], yaml.text);
  draft.put('notifications', 'email', 'server', server?.value ?? 'localhost', enabled, server?.from);
  put('port', firstOf(['smtp_port'], yaml.count));
  const user = firstOf(['smtp_user', 'user'], yaml.text);
  put('user', user);
  // Who logs in has a password, also where it stands elsewhere.
  const password = firstOf(['smtp_password', 'password'], yaml.text) ?? user;
  if (password !== undefined) {
    put('password', { value: secretInVariable(password.from, draft, PASSWORD_VARIABLE), from: password.from });
  }
  put('from', firstOf(['from_email'], yaml.text));
  put('to', firstOf(['to_emails', 'to_email'], yaml.texts));
}

/** They stand below `email` or beside it. */
function firstOf<Found>(names: readonly string[], take: (key: string) => Found | undefined): Found | undefined {
  const all = names.flatMap((name) => [`${PART}.email.${name}`, `${PART}.${name}`]).map(take);
  return all.find((taken) => taken !== undefined);
}
