import { Connection } from "./connection.ts";
import { encodeRequest } from "./encode-request.ts";
import type { HoldPlan } from "./plan.ts";

/** Longer than any benchmark. */
const intervalMs = 600_000;

/** The response is created, and in progress. */
const firstEvents = 2;

/** Opens the streams and resolves when each has sent its first events and will now be silent. The caller closes them. */
export async function hold({ url: address, streams }: HoldPlan): Promise<readonly Connection[]> {
  const url = new URL(address);
  const request = encodeRequest(url, { tokens: 1, intervalMs })("");
  const connections = await Connection.openMany(url, streams);
  const open = async (connection: Connection): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    let seen = 0;
    const onEvents = (count: number): void => {
      seen += count;
      if (seen >= firstEvents) resolve(undefined);
    };
    connection.run(request, onEvents).then(() => {
      reject(new Error("A stream ended that should have stayed open."));
    }, reject);
    await promise;
  };
  try {
    await Promise.all(connections.map(open));
    return connections;
  } catch (thrown) {
    for (const connection of connections) connection.close();
    throw thrown;
  }
}
