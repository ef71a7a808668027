import type Docker from "dockerode";
import type { BoxDirectory } from "./box-directory.ts";
import { label } from "./container-options.ts";
import { removeContainer } from "./docker-sandbox.ts";

export interface SweepOptions {
  readonly docker: Docker;
  readonly directory: BoxDirectory;
  readonly owner: string;
  /** This backend object: what is its own, but not known to it, is left from a failure. */
  readonly holder: string;
  /** Whether a sandbox is this backend object's own, or being made by it. */
  readonly isOurs: (id: string) => boolean;
}

/** Longer than it takes to make a box or a snapshot. */
const youngMs = 300_000;

/** Removes what belongs to nobody any more: containers, mounts, sockets and files of backend objects that were killed. */
export async function sweep({ docker, directory, owner, holder: own, isOurs }: SweepOptions): Promise<void> {
  const filters = { label: [`${label.owner}=${owner}`, `${label.directory}=${directory.path}`] };
  const containers = await docker.listContainers({ all: true, filters: JSON.stringify(filters) });
  const left = new Map(containers.map(({ Id, Labels, Created }) => [Labels[label.sandbox] ?? "", { Id, Created }]));
  for (const id of new Set([...left.keys(), ...(await directory.ids())])) {
    if (id === "" || isOurs(id)) continue;
    const folder = directory.box(id);
    const holder = (await folder.read())?.holder;
    if (holder !== undefined && holder !== own && (await directory.isAlive(holder))) continue;
    const container = left.get(id);
    const isYoung = Date.now() - (container?.Created ?? 0) * 1000 < youngMs || (await folder.isYoung(youngMs));
    if (holder === undefined && isYoung) continue; // It is being made.
    if (container !== undefined && !(await removeContainer(docker.getContainer(container.Id)))) continue;
    await folder.remove();
  }
  await directory.removeDead();
}
