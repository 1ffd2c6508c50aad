/** What is known of a scenario: the newest backups in the repositories that are left, and how long restores from them took. */
import { judgeScenario, type ScenarioMember, type ScenarioVerdict } from '../../rules/scenario.ts';
import { goodSnapshots, type Known, restoreTimeOf } from './status-source.ts';

export interface StatusScenario {
  readonly name: string;
  readonly sources: readonly string[];
  /** Names of the repositories that are left; undefined: all. */
  readonly from: readonly string[] | undefined;
  readonly rpoMs: number | undefined;
  readonly rtoMs: number | undefined;
}

export interface ScenarioStatus extends StatusScenario {
  readonly verdict: ScenarioVerdict;
}

export async function scenarioStatus(scenario: StatusScenario, known: Known): Promise<ScenarioStatus> {
  const { from } = scenario;
  const repositories = known.repositories.filter(({ repository }) => from?.includes(repository) ?? true);
  const left = { ...known, repositories };
  const members: ScenarioMember[] = [];
  for (const source of scenario.sources) {
    const newest = goodSnapshots(source, left).at(-1);
    members.push({ source, newest: newest?.time, restoreTime: await restoreTimeOf(source, newest, left, from) });
  }
  return { ...scenario, verdict: judgeScenario({ ...scenario, members }, known.now) };
}
