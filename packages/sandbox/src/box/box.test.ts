import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toExpress, toUpgradeListener } from "@agentscope-runtime/express";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { describeContract, eventually } from "@agentscope-runtime/services/testing";
import express from "express";
import { z } from "zod";
import { openLocalSandbox } from "../local/index.ts";
import { sandboxContract } from "../testing/index.ts";
import { BoxClient } from "./box-client.ts";
import { boxHandler, boxUpgrade, openBox } from "./index.ts";
import type { BoxTransport, OpenBoxOptions } from "./index.ts";

const token = "the box's token";

/** A box as an image has it, and a client of it. */
async function openServed(where: "socket" | "port", options: Partial<OpenBoxOptions> = {}) {
  const directory = await mkdtemp(join(tmpdir(), "box-"));
  const root = join(directory, "workspace");
  const local = await openLocalSandbox({ id: "inner", type: "base", root, python: "/usr/bin/python3" });
  const door = where === "port" ? { token } : {};
  const answer = toExpress(boxHandler(local, door));
  const server = createServer((request, response) => {
    // Nothing of Express is asked for.
    answer(request as Parameters<typeof answer>[0], response as Parameters<typeof answer>[1], () => {
      response.writeHead(404).end();
    });
  });
  server.on("upgrade", toUpgradeListener(boxUpgrade(local, door)));
  const socketPath = join(directory, "box.sock");
  await new Promise<void>((resolve) => {
    if (where === "socket") server.listen(socketPath, resolve);
    else server.listen(0, "127.0.0.1", resolve);
  });
  const url = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const transport: BoxTransport = where === "socket" ? { socketPath } : { url: url(), token };
  const box = await openBox({ id: "box", type: "base", transport, ...options });
  const letGo = box[Symbol.asyncDispose].bind(box);
  const stop = async (): Promise<void> => {
    await local.end({ reason: "exited", message: "The test is over." });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  const dispose = async (): Promise<void> => {
    await letGo();
    await stop();
    await rm(directory, { recursive: true, force: true });
  };
  return { box, local, server, transport, stop, [Symbol.asyncDispose]: dispose };
}

for (const where of ["socket", "port"] as const) {
  describeContract(`A box on a ${where}`, sandboxContract, {
    create: async () => {
      const served = await openServed(where);
      return Object.assign(served.box, { [Symbol.asyncDispose]: served[Symbol.asyncDispose] });
    },
  });
}

const shell = (script: string) => ["/bin/sh", "-c", script] as const;

describe("A box", () => {
  it("lets nobody in without its token", async () => {
    await using served = await openServed("port");
    const { url } = served.transport as { url: string };
    for (const wrong of [undefined, "", "another", `${token}s`]) {
      const transport = { url, ...(wrong !== undefined && { token: wrong }) };
      await expect(openBox({ id: "box", type: "base", transport })).rejects.toMatchObject({ code: "unauthenticated" });
    }
    expect((await served.box.runShellCommand("echo in")).stdout).toBe("in\n");
  });

  it("refuses a connection to a port without its token", async () => {
    await using served = await openServed("port");
    const { url } = served.transport as { url: string };
    const reply = await fetch(`${url}/ports/80`, { headers: { upgrade: "websocket" } }).catch(() => undefined);
    expect(reply?.status ?? 0).not.toBe(101);
  });

  it("says so when it is not there in time", async () => {
    const socketPath = join(tmpdir(), "no-such-box.sock");
    const opening = openBox({ id: "late", type: "base", transport: { socketPath }, readyMs: 30 });
    await expect(opening).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("late was not ready within 30 ms") as string,
    });
  });

  it("is waited for no longer when the signal aborts", async () => {
    const stop = new AbortController();
    const transport = { socketPath: join(tmpdir(), "no-such-box.sock") };
    const opening = openBox({ id: "late", type: "base", transport }, { signal: stop.signal });
    stop.abort(new Error("enough"));
    await expect(opening).rejects.toThrow("enough");
  });

  it("hands the caller's trace on to commands", async () => {
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    await using served = await openServed("socket", { headers: () => ({ traceparent }) });
    expect((await served.box.runShellCommand("echo $TRACEPARENT")).stdout).toBe(`${traceparent}\n`);
  });

  it("says that it is lost when its server goes away in the middle of a command", async () => {
    await using served = await openServed("socket");
    const run = async (): Promise<void> => {
      for await (const event of served.box.exec(shell("echo on; sleep 60"))) {
        if (event.type === "stdout") served.server.closeAllConnections();
      }
    };
    await expect(run()).rejects.toMatchObject({ code: "unavailable" });
  });

  it("asks its owner why it is lost", async () => {
    const explain = async () => new RuntimeError("not_found", "It was out of memory.");
    await using served = await openServed("socket", { explain });
    await served.stop();
    await expect(served.box.runShellCommand("true")).rejects.toMatchObject({ message: "It was out of memory." });
    await expect(served.box.connect(80)).rejects.toMatchObject({ message: "It was out of memory." });
  });

  it("ends every call when its sandbox has ended", async () => {
    const ended = new AbortController();
    await using served = await openServed("socket", { ended: ended.signal });
    const running = served.box.runShellCommand("sleep 60");
    const watching = Array.fromAsync(served.box.files.watch("."));
    ended.abort(new RuntimeError("not_found", "It has expired."));
    await expect(running).rejects.toMatchObject({ message: "It has expired." });
    await expect(watching).rejects.toMatchObject({ message: "It has expired." });
    await expect(served.box.files.list(".")).rejects.toMatchObject({ message: "It has expired." });
    await expect(served.box.connect(80)).rejects.toMatchObject({ message: "It has expired." });
  });

  it("kills a command whose caller hangs up", async () => {
    await using served = await openServed("socket");
    const { box, local } = served;
    for await (const event of box.exec(shell("echo $$; exec sleep 60"))) {
      if (event.type !== "stdout") continue;
      await box[Symbol.asyncDispose](); // Nobody is left who could cancel it.
      const gone = async (): Promise<boolean> =>
        (await local.runShellCommand(`kill -0 ${event.text.trim()} 2>&1`)).exitCode !== 0;
      expect(await eventually(gone)).toBe(true);
      break;
    }
  });

  it("does not start a command that was canceled before it came", async () => {
    await using served = await openServed("socket");
    const { socketPath } = served.transport as { socketPath: string };
    const client = new BoxClient({ id: "box", transport: { socketPath } });
    await client.json({ method: "DELETE", path: "/execs/early" }, z.object({}));
    const body = JSON.stringify({ id: "early", command: "touch ran", stdin: false });
    const answer = client.json({ method: "POST", path: "/execs", body }, z.object({}));
    await expect(answer).rejects.toMatchObject({ code: "canceled" });
    expect(await served.box.files.stat("ran")).toBeUndefined();
    client.close();
  });

  it.each([
    ["POST", "/execs", "not json", "invalid_argument", "JSON"],
    ["POST", "/execs", '{"id":"x","command":[],"stdin":false}', "invalid_argument", "command"],
    ["POST", "/execs", '{"id":"x","command":"true","stdin":false,"shel":1}', "invalid_argument", "shel"],
    ["POST", "/files/list", "{}", "invalid_argument", "path"],
    ["PUT", "/files", "x", "invalid_argument", "path"],
    ["POST", "/mcp-servers", '{"servers":{"a":{"command":""}}}', "invalid_argument", "command"],
  ] as const)("answers %s %s with %s by naming what is wrong", async (method, path, body, code, name) => {
    await using served = await openServed("socket");
    const client = new BoxClient({ id: "box", transport: served.transport });
    await expect(client.json({ method, path, body }, z.object({}))).rejects.toMatchObject({
      code,
      message: expect.stringContaining(name) as string,
    });
    client.close();
  });

  it("takes an answer that is not of its protocol for that of another", async () => {
    const server = createServer((_, response) => response.end("<html>"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await expect(openBox({ id: "box", type: "base", transport: { url }, readyMs: 50 })).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("another protocol") as string,
    });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it("is found below the path of a URL", async () => {
    await using served = await openServed("socket");
    const answer = toExpress(boxHandler(served.local));
    const app = express().use("/sandboxes/one", answer);
    const server = createServer(app);
    server.on("upgrade", toUpgradeListener(boxUpgrade(served.local), { path: "/sandboxes/one" }));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/sandboxes/one/`;
    const box = await openBox({ id: "one", type: "base", transport: { url } });
    expect((await box.runShellCommand("echo there")).stdout).toBe("there\n");
    await expect(box.connect(9)).rejects.toMatchObject({ message: expect.stringContaining("port 9 ") as string });
    await box[Symbol.asyncDispose]();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});
