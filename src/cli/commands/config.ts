import { Command } from 'commander';
import type { Act, Answer, Call } from '../call.ts';
import { EXIT } from '../exit-codes.ts';
import { toJson } from '../json.ts';
import { count } from '../render.ts';

export function configCommand(act: Act): Command {
  const check = new Command('check')
    .summary('look whether the configuration is right')
    .description(
      'Lists every error and warning of the configuration with file, line and column. Where it has hosts, these are looked for: one that ' +
        'can not be reached within ten seconds, or that is another one than before, is a warning.',
    )
    .option('--no-reach', 'do not look for hosts')
    .action(act(runCheck));
  const schema = new Command('schema')
    .summary('print the JSON Schema of the configuration')
    .description('Prints the JSON Schema of the configuration, for editors.')
    .action(act(runSchema));
  return new Command('config').summary('look at the configuration').addCommand(check).addCommand(schema);
}

interface CheckOptions {
  readonly reach: boolean;
}

interface Scheduling {
  readonly jobs: readonly { readonly schedule: string | undefined }[];
  readonly maintenance: readonly object[];
}

async function runCheck(call: Call, { reach }: CheckOptions): Promise<Answer> {
  const { inspectConfig, problemLine } = await import('../../daemon/compose.ts');
  const { file, config, errors, warnings } = await inspectConfig(call.globals.config, reach ? call : undefined);
  const outcome = errors.length > 0 ? 'failed' : warnings.length > 0 ? 'warnings' : 'ok';
  const lines = [
    ...errors.map((problem) => `error: ${problemLine(problem)}\n`),
    ...warnings.map((problem) => `warning: ${problemLine(problem)}\n`),
  ];
  const parts = [
    count(config?.sources.length ?? 0, 'source'),
    count(config?.repositories.length ?? 0, 'repository', 'repositories'),
    count(config?.jobs.length ?? 0, 'job'),
  ];
  const but = warnings.length === 0 ? '' : ` but for ${count(warnings.length, 'warning')}`;
  return {
    exitCode: { ok: EXIT.ok, warnings: EXIT.warnings, failed: EXIT.usage }[outcome],
    document: { verb: 'config check', outcome, file, errors, warnings },
    text:
      lines.join('') +
      (config === undefined ? '' : `${file} is right${but}: ${parts.join(', ')}\n${schedulesText(config)}`),
  };
}

function schedulesText({ jobs, maintenance }: Scheduling): string {
  const schedules = jobs.filter(({ schedule }) => schedule !== undefined).length + maintenance.length;
  return schedules === 0 ? '' : `${count(schedules, 'schedule')}: \`surety schedule export\` puts them into effect\n`;
}

async function runSchema(): Promise<Answer> {
  const { configJsonSchema } = await import('../../daemon/compose.ts');
  const document = configJsonSchema();
  return { exitCode: EXIT.ok, document, text: toJson(document) };
}
