import { secretInVariable } from '../secrets.ts';
import type { Avalanche } from './avalanche.ts';

const PART = 'backup.notifications';
const PASSWORD_VARIABLE = 'SMTP_PASSWORD';

/** Messages by e-mail; the scripts never sent any, but this is how they were meant. Others are told of. */
export function notifications({ draft, yaml, yamlSettings }: Avalanche): void {
  const enabled = yaml.flag(`${PART}.enabled`);
  if (enabled?.value !== true) {
    yamlSettings.takeBelow(PART);
    return;
  }
  const text = (...names: readonly string[]) => firstOf(names, yaml.text);
  const put = (key: string, taken: ReturnType<typeof text>) => {
    if (taken !== undefined) draft.put('notifications', 'email', key, taken.value, taken.from);
  };
  if (yamlSettings.has(`${PART}.email`) || yamlSettings.has(`${PART}.smtp_host`)) {
    draft.comment(
      'notifications',
      'email',
      'The scripts never sent a message. surety notify test looks whether one arrives.',
    );
    const server = text('smtp_host');
    draft.put('notifications', 'email', 'server', server?.value ?? 'localhost', enabled.from, server?.from);
    const port = firstOf(['smtp_port'], yaml.count);
    if (port !== undefined) draft.put('notifications', 'email', 'port', port.value, port.from);
    put('user', text('smtp_user', 'user'));
    const password = text('smtp_password', 'password');
    if (password !== undefined) {
      const inVariable = secretInVariable(password.from, draft, PASSWORD_VARIABLE);
      draft.put('notifications', 'email', 'password', inVariable, password.from);
    }
    put('from', text('from_email'));
    const to = firstOf(['to_emails', 'to_email'], yaml.texts);
    if (to !== undefined) draft.put('notifications', 'email', 'to', to.value, to.from);
  }
  for (const setting of yamlSettings.takeBelow(PART)) {
    const isSecret = /password|webhook/.test(setting.key);
    const remedy = isSecret ? 'nothing was copied; it is a secret' : 'let a hook in `hooks.after` of the jobs do it';
    draft.omit(setting, 'this version sends messages by e-mail only', remedy);
  }
}

/** They stand below `email` or beside it. */
function firstOf<Taken>(names: readonly string[], take: (key: string) => Taken | undefined): Taken | undefined {
  const all = names.flatMap((name) => [`${PART}.email.${name}`, `${PART}.${name}`]).map(take);
  return all.find((taken) => taken !== undefined);
}
