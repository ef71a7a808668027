import { AgentApp } from "./agent-app.ts";
import type { Gateway, GatewayHost } from "./gateway.ts";
import { callHandler, eventsOf } from "./testing/index.ts";

/** A gateway that notes what happens to it. */
function noting(happened: string[], leave: () => Promise<void> = async () => Promise.resolve()): Gateway {
  let given: GatewayHost | undefined;
  return {
    name: "noting",
    routes: (host) => {
      given = host;
      return [];
    },
    open: (host) => {
      happened.push(`open ${host === given}`);
      return {
        leave: async () => {
          happened.push("leave");
          await leave();
        },
        [Symbol.asyncDispose]: async () => void happened.push("dispose"),
      };
    },
  };
}

describe("a gateway that does something by itself", () => {
  it("is opened when the app is ready, told when it takes no more runs, and closed after the last one", async () => {
    const happened: string[] = [];
    const gate = Promise.withResolvers<undefined>();
    const app = new AgentApp({
      async *query() {
        yield "waiting";
        await gate.promise;
        happened.push("done");
      },
      gateways: [noting(happened)],
      resources: [{ [Symbol.asyncDispose]: async () => void happened.push("resources") }],
    });
    expect(happened).toEqual([]);
    await app.start();
    await app.start();
    const events = eventsOf(await callHandler(app.handle, { path: "/process", body: { input: [] } }));
    await events.next();
    const closing = app.close();
    expect(happened).toEqual(["open true", "leave"]);
    gate.resolve(undefined);
    await Array.fromAsync(events);
    await closing;
    expect(happened).toEqual(["open true", "leave", "done", "dispose", "resources"]);
  });

  it("does not keep the app from closing when it fails", async () => {
    const happened: string[] = [];
    const app = new AgentApp({
      query: () => "hi",
      gateways: [noting(happened, async () => Promise.reject(new Error("no")))],
    });
    await app.start();
    await app.close();
    expect(happened).toEqual(["open true", "leave", "dispose"]);
  });
});
