import { Command } from 'commander';
import { shortId } from '../../base/short-id.ts';
import { addKey, changeKey, exportKey, listKeys, removeKey } from '../../operations/keys.ts';
import type { Act, Answer, Call } from '../call.ts';
import { EXIT } from '../exit-codes.ts';
import { newPassword } from '../new-password.ts';
import { oneRepository } from '../one-repository.ts';
import { localTime, table } from '../render.ts';
import { withSession } from '../session.ts';

interface KeysOptions {
  readonly repository?: string;
  readonly newPasswordFile?: string;
}

const REPOSITORY = ['--repository <name>', 'the repository; needed when there are several'] as const;
const PASSWORD_FILE = ['--new-password-file <file>', 'file with the new password; default: ask for it'] as const;

export function keysCommand(act: Act): Command {
  const list = new Command('list')
    .summary('list the keys')
    .option(...REPOSITORY)
    .action(act(runList));
  const add = new Command('add')
    .summary('add a password that opens the repository too')
    .option(...REPOSITORY)
    .option(...PASSWORD_FILE)
    .action(act(runAdd));
  const remove = new Command('remove')
    .summary('remove a key: its password no longer opens the repository')
    .argument('<id>', 'id of the key, or the beginning of it')
    .option(...REPOSITORY)
    .action(act(runRemove));
  const change = new Command('change')
    .summary('replace the password in use by a new one')
    .option(...REPOSITORY)
    .option(...PASSWORD_FILE)
    .action(act(runChange));
  const exported = new Command('export')
    .summary('print the key of a borg repository, to be kept elsewhere')
    .option(...REPOSITORY)
    .action(act(runExport));
  const keys = new Command('keys').summary('the passwords that open a repository');
  for (const command of [list, add, remove, change, exported]) keys.addCommand(command);
  return keys;
}

async function runList(call: Call, options: KeysOptions): Promise<Answer> {
  return await withSession(call, { record: false }, async ({ platform }) => {
    const repository = oneRepository(platform, options.repository);
    const keys = await listKeys(repository, call);
    const rows = keys.map((key) => [
      key.current ? '*' : '',
      shortId(key.id),
      key.created.getTime() === 0 ? '-' : localTime(key.created),
      key.user,
      key.host,
    ]);
    const columns = [{ title: '' }, { title: 'ID' }, { title: 'Created' }, { title: 'User' }, { title: 'Host' }];
    return {
      exitCode: EXIT.ok,
      document: { verb: 'keys list', outcome: 'ok', repository: repository.name, keys },
      text: `${table(columns, rows)}* in use now\n`,
    };
  });
}

async function runAdd(call: Call, options: KeysOptions): Promise<Answer> {
  return await withSession(call, { record: false }, async ({ platform }) => {
    const repository = oneRepository(platform, options.repository);
    const id = await addKey(repository, await newPassword(call, options.newPasswordFile), call);
    return answer('keys add', repository.name, id, `key ${shortId(id)} was added to ${repository.name}\n`);
  });
}

async function runRemove(call: Call, id: string, options: KeysOptions): Promise<Answer> {
  return await withSession(call, { record: false }, async ({ platform }) => {
    const repository = oneRepository(platform, options.repository);
    const removed = await removeKey(repository, id, call);
    return answer(
      'keys remove',
      repository.name,
      removed,
      `key ${shortId(removed)} was removed from ${repository.name}\n`,
    );
  });
}

async function runChange(call: Call, options: KeysOptions): Promise<Answer> {
  return await withSession(call, { record: false }, async ({ platform }) => {
    const repository = oneRepository(platform, options.repository);
    const id = await changeKey(repository, await newPassword(call, options.newPasswordFile), call);
    const text =
      `${repository.name} now opens with the new password (key ${shortId(id)}).\n` +
      'Next: put it where the configuration takes the password from; `surety check` tells whether that is right.\n';
    return answer('keys change', repository.name, id, text);
  });
}

async function runExport(call: Call, options: KeysOptions): Promise<Answer> {
  return await withSession(call, { record: false }, async ({ platform }) => {
    const repository = oneRepository(platform, options.repository);
    const key = await exportKey(repository, call);
    return {
      exitCode: EXIT.ok,
      document: { verb: 'keys export', outcome: 'ok', repository: repository.name, key },
      text: key.endsWith('\n') ? key : `${key}\n`,
    };
  });
}

function answer(verb: string, repository: string, key: string, text: string): Answer {
  return { exitCode: EXIT.ok, document: { verb, outcome: 'ok', repository, key }, text };
}
