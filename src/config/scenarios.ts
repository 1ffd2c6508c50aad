/** `scenarios`: what can happen, what has to come back then, and within what time. */
import * as z from 'zod';
import { durationValue } from '../base/option-values.ts';

export interface ScenarioConfig {
  readonly name: string;
  /** Names of the sources that have to come back, at least one. */
  readonly sources: readonly string[];
  /** Names of the repositories that are left; undefined: all. */
  readonly from: readonly string[] | undefined;
  /** How much work may be lost at most. */
  readonly rpoMs: number | undefined;
  /** How long it may take until all of them are back. */
  readonly rtoMs: number | undefined;
}

export const scenarioSchema = z.strictObject({
  sources: z
    .union([z.array(z.string()).min(1), z.literal('all')])
    .describe('names of the sources that have to come back, or all'),
  from: z.array(z.string()).min(1).describe('names of the repositories that are left then; default: all').optional(),
  rpo: durationValue.describe('how much work may be lost at most, such as 24h').optional(),
  rto: durationValue.describe('how long it may take until all of them are back, such as 4h').optional(),
});

type RawScenarios = Readonly<Record<string, z.output<typeof scenarioSchema>>> | undefined;

export function scenariosOf(raw: RawScenarios, allSources: readonly string[]): ScenarioConfig[] {
  return Object.entries(raw ?? {}).map(([name, { sources, from, rpo, rto }]) => ({
    name,
    sources: sources === 'all' ? allSources : sources,
    from,
    rpoMs: rpo,
    rtoMs: rto,
  }));
}
