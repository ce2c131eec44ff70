import { readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { statusOf } from './engine.ts';

/** Who answers for a container, so that none outlives powercut. */

/** The label of every container that powercut makes; its value is an {@link ownerId}. */
export const ownerLabel = 'powercut.owner';

/** This process, and no other before or after it: its pid namespace, its pid there, and when it started. */
export function ownerId(): string {
  return `${pidNamespace()}.${process.pid}.${startOf(process.pid)}`;
}

/** False also where it cannot be told: the owner is in another pid namespace. */
export function isGone(owner: string): boolean {
  const [namespace, pid, start] = owner.split('.');
  return namespace === pidNamespace() && start !== startOf(Number(pid));
}

const lookEveryMs = 100;

/**
 * Removes the containers of this owner, also those that the engine is about to make. Rejects where some are still there
 * after `patienceMs`: the engine says that it is removing them, and does not.
 */
export async function removeContainersOf(docker: Docker, owner: string, patienceMs: number): Promise<void> {
  const label = `${ownerLabel}=${owner}`;
  const until = performance.now() + patienceMs;
  for (let emptyLooks = 0; ; await sleep(lookEveryMs)) {
    const found = await ownedContainers(docker, label);
    emptyLooks = found.length === 0 ? emptyLooks + 1 : 0;
    if (emptyLooks === 2) return;
    if (found.length > 0 && performance.now() > until)
      throw new Error(
        `the Docker engine did not remove its containers with the label ${label} within ${patienceMs / 1000} s: look into its log`,
      );
    await Promise.all(found.map(({ Id }) => removeContainer(docker, Id)));
  }
}

/** Removes the containers whose owners are gone: those of a powercut that was killed together with all that it had started. */
export async function removeOrphans(docker: Docker): Promise<void> {
  const found = await ownedContainers(docker, ownerLabel);
  const orphans = found.filter(({ Labels }) => isGone(Labels[ownerLabel] ?? ''));
  await Promise.all(orphans.map(({ Id }) => removeContainer(docker, Id)));
}

function ownedContainers(docker: Docker, label: string): Promise<Docker.ContainerInfo[]> {
  return docker.listContainers({ all: true, filters: { label: [label] } });
}

/** Kills it and removes it. */
export async function removeContainer(docker: Docker, id: string): Promise<void> {
  try {
    await docker.getContainer(id).remove({ force: true });
  } catch (error) {
    // It is gone, or somebody is removing it.
    if (statusOf(error) !== 404 && statusOf(error) !== 409) throw error;
  }
}

function pidNamespace(): string {
  return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '';
}

/** In clock ticks since the machine booted; undefined where there is no such process. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // pid (name) state ...: the name may hold anything. The start is field 22 of proc_pid_stat(5).
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
