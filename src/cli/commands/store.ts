import { Command } from 'commander';
import { checkStore } from '../../operations/check-store/check-store.ts';
import type { Act, Answer, Call } from '../call.ts';
import { EXIT } from '../exit-codes.ts';
import { storeCheckText } from '../render/store-check.ts';
import { withSession } from '../session.ts';

interface CheckOptions {
  readonly heavy?: boolean;
}

export function storeCommand(act: Act): Command {
  return new Command('store').summary('find out what the place of a repository really does').addCommand(
    new Command('check')
      .summary('try what backups rely on')
      .description(
        'Tries out, with small bodies of its own that it removes afterwards, whether the store under a repository keeps ' +
          'what Surety relies on: conditional writes, whole lists, checksums, object lock, and what every store promises. ' +
          'Where the store keeps locks, what is locked for the trial stays for up to a minute.',
      )
      .argument('<repository>', 'name of a repository of the configuration')
      .option('--heavy', 'also what takes a thousand requests and hundreds of megabytes')
      .action(act(runStoreCheck)),
  );
}

async function runStoreCheck(call: Call, name: string, { heavy }: CheckOptions): Promise<Answer> {
  return await withSession(call, { record: false, impatient: true }, async ({ platform }) => {
    const target = await platform.storeToCheck(name);
    const how = { signal: call.signal, clock: call.clock, heavy: heavy === true };
    const report = await checkStore(target, how);
    return {
      exitCode: EXIT[report.outcome],
      document: { verb: 'store check', ...report },
      text: storeCheckText(report, call.terminal.colors),
    };
  });
}
