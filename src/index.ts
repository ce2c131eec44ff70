/** The public surface of powercut: scenarios, the verdict as data, and the reference write-ahead log. */
export { defineScenario, type Scenario, type ScenarioInput } from '../harness/scenario.ts';
export type {
  Cell,
  Claim,
  Exploration,
  FaultKind,
  Finding,
  ScenarioVerdict,
  Status,
  Verdict,
} from '../reports/verdict.ts';
export * from './wal/index.ts';
