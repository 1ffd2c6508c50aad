import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Dataset } from './datasets/dataset.ts';
import { DATASETS } from './datasets/prepare.ts';
import { borg } from './tools/borg.ts';
import { copy } from './tools/copy.ts';
import { restic } from './tools/restic.ts';
import { surety } from './tools/surety.ts';
import { STEPS, type Step, type Tool } from './tools/tool.ts';

const TOOLS: readonly Tool[] = [surety, restic, borg, copy];

export interface BenchOptions {
  readonly dir: string;
  readonly out: string;
  readonly datasets: readonly Dataset[];
  readonly tools: readonly Tool[];
  readonly steps: readonly Step[];
  readonly rounds: number;
  readonly scale: number;
  readonly cold: boolean;
}

export const HELP = `npm run bench -- [options]
  --only a,b         data sets: ${DATASETS.map((set) => `${set.letter} = ${set.title}`).join('; ')}
  --tools a,b        of ${TOOLS.map((tool) => tool.name).join(', ')} (default: all but copy)
  --steps a,b        of ${STEPS.join(', ')}; what these need is run as well
  --rounds N         how often everything is repeated; medians are reported (default 1)
  --scale F          size of the data sets as a fraction (default 1)
  --dir DIR          where data sets and repositories are written; data sets are kept (default below the temporary folder)
  --out DIR          where the tables are written (default bench/results)
  --cold             empty the page cache before every step instead of filling it (root)
`;

/** Throws an Error that names the wrong argument. Undefined when help was asked for. */
export function parseOptions(args: readonly string[]): BenchOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      tools: { type: 'string', default: 'surety,restic,borg' },
      steps: { type: 'string' },
      rounds: { type: 'string', default: '1' },
      scale: { type: 'string', default: '1' },
      dir: { type: 'string', default: join(tmpdir(), 'surety-bench') },
      out: { type: 'string', default: join(import.meta.dirname, 'results') },
      cold: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  return {
    dir: values.dir,
    out: values.out,
    datasets: pick(values.only, DATASETS, (set) => set.letter),
    tools: pick(values.tools, TOOLS, (tool) => tool.name),
    steps: pick(values.steps, STEPS, (step) => step),
    rounds: positive('--rounds', values.rounds),
    scale: positive('--scale', values.scale),
    cold: values.cold,
  };
}

function pick<Item>(list: string | undefined, items: readonly Item[], nameOf: (item: Item) => string): Item[] {
  if (list === undefined) return [...items];
  return list.split(',').map((name) => {
    const found = items.find((item) => nameOf(item) === name.trim());
    if (found === undefined) throw new Error(`there is no ${name}; choose of ${items.map(nameOf).join(', ')}`);
    return found;
  });
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`${name} ${text} is not a positive number`);
  return value;
}
