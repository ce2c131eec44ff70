import { canaryOutcome, isCanary } from './summary.ts';
import type { ScenarioVerdict, Status } from './verdict.ts';

export function worst(statuses: readonly Status[]): Status {
  for (const status of ['violated', 'unknown', 'held'] as const) if (statuses.includes(status)) return status;
  return 'not-tested';
}

/** A canary that was found, or whose bug does no harm here, is a success; one that was missed makes what else held worthless. */
export function overallStatus(scenarios: readonly ScenarioVerdict[]): Exclude<Status, 'not-tested'> {
  const counted = scenarios.map((scenario): Status => {
    if (!isCanary(scenario) || scenario.status === 'not-tested') return scenario.status;
    return canaryOutcome(scenario) === 'missed' ? 'unknown' : 'held';
  });
  const status = worst(counted);
  return status === 'not-tested' ? 'unknown' : status;
}
