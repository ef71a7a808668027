import { once } from "node:events";
import { text } from "node:stream/consumers";
import { eventually } from "@agentscope-runtime/services/testing";
import type { SandboxContract } from "./sandbox-contract.ts";

const echoServer = `
import socket, sys
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("127.0.0.1", 8123)); s.listen()
while True:
    c, _ = s.accept()
    while True:
        d = c.recv(65536)
        if not d: break
        c.sendall(d)
    c.close()
`;

/** What it means to reach a sandbox's ports. */
export const portPromises: SandboxContract = {
  "connects to a port on the sandbox's loopback, both ways": async (sandbox) => {
    await sandbox.files.write("echo.py", echoServer);
    await sandbox.runShellCommand("python3 echo.py >/dev/null 2>&1 &");
    const connection = await eventually(() => sandbox.connect(8123).catch(() => undefined));
    const sent = "é".repeat(500_000);
    connection.end(sent);
    expect(await text(connection)).toBe(sent);
  },

  "says that nothing listens": async (sandbox) => {
    await expect(sandbox.connect(8124)).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("8124") as string,
    });
    await expect(sandbox.connect(0)).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(sandbox.connect(65_536)).rejects.toMatchObject({ code: "invalid_argument" });
  },

  "closes the connection there when it is destroyed here": async (sandbox) => {
    await sandbox.files.write("echo.py", echoServer);
    await sandbox.runShellCommand("python3 echo.py >/dev/null 2>&1 &");
    const first = await eventually(() => sandbox.connect(8123).catch(() => undefined));
    first.destroy();
    const second = await sandbox.connect(8123); // The server takes one at a time.
    second.write("on");
    const [answer] = (await once(second, "data")) as [Buffer];
    expect(answer.toString()).toBe("on");
    second.destroy();
  },
};
