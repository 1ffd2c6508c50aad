import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { SuretyError } from '../../base/errors.ts';
import { FORMAT_TITLES, FORMATS, type Format } from '../../import/formats.ts';
import type { Imported } from '../../import/import.ts';
import type { Act, Answer, Call } from '../call.ts';
import { EXIT } from '../exit-codes.ts';
import { repeated } from '../repeated.ts';
import { writeImported } from '../write-imported.ts';

interface ImportOptions {
  readonly env?: readonly string[];
  readonly from?: Format;
  readonly output?: string;
  readonly stdout?: boolean;
  readonly force?: boolean;
}

export function importCommand(act: Act): Command {
  const titles = FORMATS.map((format) => `  ${format.padEnd(10)} ${FORMAT_TITLES[format]}`).join('\n');
  return new Command('import')
    .summary('make surety.yaml of the configuration of another program')
    .description(
      'Writes surety.yaml from the configuration of another backup program, and lists line by line what it could not ' +
        'carry over. Secrets are never copied.',
    )
    .argument('<file...>', 'configuration files, .env files, crontabs or scripts of one program')
    .option('--env <file>', 'one more file, with environment variables (repeatable)', repeated)
    .addOption(new Option('--from <format>', 'what the files are (default: told by their content)').choices(FORMATS))
    .option('--output <file>', 'the file to write (default: surety.yaml, or what --config names)')
    .option('--stdout', 'print the configuration instead of writing a file')
    .option('--force', 'overwrite a file that is there')
    .addHelpText('after', `\nFormats:\n${titles}`)
    .action(act(runImport));
}

async function runImport(call: Call, files: readonly string[], options: ImportOptions): Promise<Answer> {
  const { output, stdout = false, force = false, env = [] } = options;
  if (stdout && (output !== undefined || force)) {
    throw new SuretyError('usage.two-outputs', 'what is printed is not written to a file', {
      hint: 'leave out --stdout, or --output and --force',
    });
  }
  const { readInputs } = await import('../read-inputs.ts');
  const { importConfig } = await import('../../import/import.ts');
  const inputs = readInputs([...files, ...env]);
  const target = resolve(output ?? call.globals.config ?? 'surety.yaml');
  const exists = (path: string) => existsSync(resolve(dirname(target), path));
  const imported = importConfig({ inputs, format: options.from, exists });
  if (!stdout) await writeImported(target, imported.text, force);
  const { importText } = await import('../render/import.ts');
  const file = stdout ? undefined : target;
  return answer(call, imported, { file, report: importText(imported, file) });
}

interface Result {
  /** Undefined: it is printed. */
  readonly file: string | undefined;
  readonly report: string;
}

function answer({ globals, terminal }: Call, imported: Imported, { file, report }: Result): Answer {
  const outcome = imported.notCarried.length > 0 ? 'warnings' : 'ok';
  const { text, ...account } = imported;
  const isPrinted = file === undefined;
  if (isPrinted && !globals.json && !(globals.quiet && outcome === 'ok')) terminal.err(report);
  return {
    exitCode: EXIT[outcome],
    document: { verb: 'import', outcome, file: file ?? null, ...account, ...(isPrinted ? { text } : {}) },
    exact: isPrinted,
    text: isPrinted ? text : report,
  };
}
