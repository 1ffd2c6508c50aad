import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { SuretyError } from '../../base/errors.ts';
import { listed } from '../../base/nearest.ts';
import type { Platform } from '../../daemon/compose.ts';
import { toSuretyError } from '../../operations/failure.ts';
import { ensureRepository, type InitReport } from '../../operations/init.ts';
import { askAnswers, type Given } from '../ask-answers.ts';
import type { Act, Answer, Call } from '../call.ts';
import type { Answers } from '../config-draft.ts';
import { EXIT } from '../exit-codes.ts';
import { likeRepository } from '../like-repository.ts';
import { keepRules } from '../parse-option.ts';
import { repeated } from '../repeated.ts';
import { withSession } from '../session.ts';
import { removeWritten, type Written, writeConfig } from '../write-config.ts';

interface InitOptions {
  readonly folder?: readonly string[];
  readonly sqlite?: readonly string[];
  readonly store?: string;
  readonly passwordFile?: string;
  readonly passwordEnv?: string;
  readonly keep?: Answers['keep'];
  readonly schedule?: string;
  readonly like?: string;
  readonly repository: boolean;
}

const DEFAULTS: Answers = {
  folders: [],
  databases: [],
  store: 'surety-vault',
  password: { file: 'surety-password' },
  keep: { daily: 7, weekly: 5, monthly: 12 },
  schedule: undefined,
};

export function initCommand(act: Act): Command {
  return new Command('init')
    .summary('write a first configuration and make its repository')
    .description(
      'Writes surety.yaml from the answers to a few questions, or from the flags below, and makes the repository. ' +
        'Where the file exists already, it only makes the repositories in it that are missing.',
    )
    .option('--folder <path>', 'a folder to protect (repeatable)', repeated)
    .option('--sqlite <file>', 'a SQLite database to protect (repeatable)', repeated)
    .option('--store <place>', 'folder of the repository, or a URL such as file:/backup/vault')
    .option('--password-file <file>', "file with the repository's password; made with a random one if missing")
    .option('--password-env <name>', "variable with the repository's password")
    .option(
      '--keep <rules>',
      'which snapshots cleanup keeps, or a preset such as daily-28 (default: daily=7,weekly=5,monthly=12)',
      keepRules,
    )
    .option('--schedule <cron>', 'when the job runs, such as "7 3 * * *"')
    .option('--like <repository>', 'cut content as this repository does; default: as others of the same job do')
    .option('--no-repository', 'only write the configuration')
    .action(act(runInit));
}

async function runInit(call: Call, options: InitOptions): Promise<Answer> {
  const { CONFIG_NAME } = await import('../../daemon/compose.ts');
  const file = resolve(call.globals.config ?? CONFIG_NAME);
  const given = givenAnswers(options);
  let written: Written | undefined;
  if (existsSync(file)) {
    if (Object.values(given).some((value) => value !== undefined)) throw configExists(file);
  } else {
    written = await writeConfig(file, await completeAnswers(given, call));
  }
  const repositories = options.repository ? await makeRepositories(call, file, { like: options.like, written }) : [];
  return {
    exitCode: EXIT.ok,
    document: { verb: 'init', outcome: 'ok', configuration: file, written: written ?? null, repositories },
    text: initText(written, repositories, given.schedule !== undefined),
  };
}

function givenAnswers({ folder, sqlite, store, passwordFile, passwordEnv, keep, schedule }: InitOptions): Given {
  if (passwordFile !== undefined && passwordEnv !== undefined) {
    throw new SuretyError('usage.two-passwords', 'a password comes from a file or from a variable, not from both', {
      hint: 'give only one of --password-file and --password-env',
    });
  }
  const password =
    passwordFile !== undefined ? { file: passwordFile } : passwordEnv !== undefined ? { env: passwordEnv } : undefined;
  const found: Given = {
    ...(folder === undefined ? {} : { folders: folder }),
    ...(sqlite === undefined ? {} : { databases: sqlite }),
    ...(store === undefined ? {} : { store }),
    ...(password === undefined ? {} : { password }),
    ...(keep === undefined ? {} : { keep }),
    ...(schedule === undefined ? {} : { schedule }),
  };
  return found;
}

function configExists(file: string): SuretyError {
  return new SuretyError('config.exists', `${file} exists, and init never overwrites it`, {
    hint: 'edit it, or name another one with --config; surety init without flags makes its repositories',
  });
}

/** Flags say what to protect and where: with these, nothing is asked. */
async function completeAnswers(given: Given, call: Call): Promise<Answers> {
  const hasSource = given.folders !== undefined || given.databases !== undefined;
  if (hasSource && given.store !== undefined && given.password !== undefined) return { ...DEFAULTS, ...given };
  if (call.terminal.canAsk && !call.globals.json) return await askAnswers(given, DEFAULTS, call.signal);
  const missing = [
    hasSource ? '' : '--folder PATH or --sqlite FILE',
    given.store === undefined ? '--store FOLDER' : '',
    given.password === undefined ? '--password-file FILE or --password-env NAME' : '',
  ].filter((flag) => flag !== '');
  throw new SuretyError('usage.missing-flags', 'there is no terminal to ask on, and some answers are missing', {
    hint: `give ${listed(missing, 'and')}`,
  });
}

interface MakeHow {
  readonly like: string | undefined;
  /** By this very call: then it goes again where a password is missing, so that the same call works with it. */
  readonly written: Written | undefined;
}

async function makeRepositories(call: Call, file: string, { like: named, written }: MakeHow): Promise<InitReport[]> {
  const there: Call = { ...call, globals: { ...call.globals, config: file } };
  return await withSession(there, { record: false, configWarnings: true }, async ({ platform }) => {
    const reports: InitReport[] = [];
    await expectPasswords(platform, call).catch(async (error) => {
      if (written !== undefined) await removeWritten(written);
      throw error;
    });
    for (const name of platform.repositoryNames) {
      try {
        const like = await likeRepository(platform, name, named, call);
        reports.push(await ensureRepository(platform.newRepository(name), { signal: call.signal, like }));
      } catch (error) {
        // What was made stays: the next call goes on from there.
        if (reports.length > 0 && !call.globals.json) call.terminal.err(`${madeLines(reports).join('\n')}\n`);
        throw error;
      }
    }
    return reports;
  });
}

const SCHEDULE_HINT = ' Nothing runs by itself before `surety schedule export` has put the schedule into effect.';

function madeLines(repositories: readonly InitReport[]): string[] {
  return repositories.flatMap(({ repository, kind, location, created }) => {
    if (!created) return [`repository ${repository} is there already, in ${location}, and opens`];
    const made = `made repository ${repository} (${kind}) in ${location}`;
    return kind === 'borg'
      ? [made, `keep its key elsewhere as well: surety keys export --repository ${repository}`]
      : [made];
  });
}

/** All of them, before the first repository is made. */
async function expectPasswords(platform: Platform, how: Call): Promise<void> {
  for (const name of platform.repositoryNames) {
    try {
      await platform.newRepository(name).expectPassword(how);
    } catch (error) {
      throw toSuretyError(error, `repository ${name}`, how.signal);
    }
  }
}

function initText(written: Written | undefined, repositories: readonly InitReport[], hasSchedule: boolean): string {
  const lines = madeLines(repositories);
  if (written !== undefined) lines.unshift(`wrote ${written.file}`);
  if (written?.passwordFile !== undefined) {
    lines.push(
      `wrote ${written.passwordFile} with a new random password`,
      'Keep a copy of it in another place: without the password nothing can be restored.',
    );
  }
  return `${lines.join('\n')}\nNext: \`surety check\`, then \`surety backup\`.${hasSchedule ? SCHEDULE_HINT : ''}\n`;
}
