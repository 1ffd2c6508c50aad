import { Command } from 'commander';
import { checkHost } from '../../operations/check-host.ts';
import type { Act, Answer, Call } from '../call.ts';
import { EXIT } from '../exit-codes.ts';
import { hostCheckText } from '../render/host-check.ts';
import { withSession } from '../session.ts';

export function hostCommand(act: Act): Command {
  return new Command('host').summary('find out how other hosts are reached').addCommand(
    new Command('check')
      .summary('look whether hosts can be reached, and what can be done there')
      .description(
        'Reaches hosts of the configuration and tells who answers: address, host key, account, clock, room for temporary files, ' +
          'which programs are there and what Surety can do with them. Changes nothing there.',
      )
      .argument('[names...]', 'names of hosts, local for this machine; default: all of the configuration')
      .action(act(runHostCheck)),
  );
}

async function runHostCheck(call: Call, names: readonly string[]): Promise<Answer> {
  return await withSession(call, { record: false }, async ({ platform }) => {
    const hosts = platform.hosts(names.length === 0 ? undefined : names);
    const reports = await Promise.all(hosts.map((host) => checkHost(host, call)));
    const outcome = (['failed', 'warnings', 'ok'] as const).find((one) =>
      reports.some((report) => report.outcome === one),
    );
    return {
      exitCode: EXIT[outcome ?? 'ok'],
      document: { verb: 'host check', outcome: outcome ?? 'ok', hosts: reports },
      text: reports.map((report) => hostCheckText(report, call.terminal.colors)).join('\n'),
    };
  });
}
