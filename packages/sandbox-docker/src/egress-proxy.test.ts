import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, request } from "node:http";
import type { IncomingMessage, Server } from "node:http";
import { connect, createServer as createTcpServer } from "node:net";
import type { AddressInfo, Server as TcpServer, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { EgressProxy } from "./egress-proxy.ts";
import type { EgressRequest, EgressRules } from "./egress-proxy.ts";

const seen: IncomingMessage[] = [];
let directory: string;
let site: Server;
let echo: TcpServer;
let proxy: EgressProxy | undefined;
let asked: EgressRequest[];

const portOf = (server: TcpServer): number => (server.address() as AddressInfo).port; // A TCP server's.
const path = (): string => join(directory, "proxy.sock");

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "egress-"));
  site = createServer((incoming, response) => {
    seen.push(incoming);
    void text(incoming).then((body) => response.end(`site got ${incoming.url ?? ""} ${body}`));
  }).listen(0, "127.0.0.1");
  echo = createTcpServer((socket) => socket.pipe(socket)).listen(0, "127.0.0.1");
  await Promise.all([once(site, "listening"), once(echo, "listening")]);
});

afterAll(async () => {
  site.close();
  echo.close();
  await rm(directory, { recursive: true });
});

async function open(rules: EgressRules): Promise<void> {
  asked = [];
  proxy = await EgressProxy.open({
    sandboxId: "box",
    path: path(),
    rules,
    onRequest: (told) => asked.push(told),
    resolveHost: async () => ["127.0.0.1"],
  });
}

afterEach(async () => {
  await proxy?.[Symbol.asyncDispose]();
  proxy = undefined;
});

/** Both are needed: the name, and the address, since it is this machine's. */
const siteRules = (): EgressRules => [
  { host: "site.example", ports: [portOf(site), portOf(echo)] },
  { host: "127.0.0.1", ports: [portOf(site), portOf(echo)] },
];

async function get(url: string, body = ""): Promise<{ readonly status: number | undefined; readonly text: string }> {
  const outgoing = request({ socketPath: path(), path: url, method: "POST", headers: { host: "other.example" } });
  outgoing.end(body);
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  return { status: response.statusCode, text: await text(response) };
}

async function tunnel(target: string): Promise<{ readonly socket: Socket; readonly answer: string }> {
  const socket = connect(path());
  socket.write(`CONNECT ${target} HTTP/1.1\r\nhost: ${target}\r\n\r\n`);
  const [answer] = (await once(socket, "data")) as [Buffer];
  return { socket, answer: answer.toString() };
}

it("passes plain HTTP on to a host that is allowed, under that host's name", async () => {
  await open(siteRules());
  const answer = await get(`http://site.example:${portOf(site)}/a?b=c`, "body");
  expect(answer).toEqual({ status: 200, text: "site got /a?b=c body" });
  expect(seen.at(-1)?.headers.host).toBe(`site.example:${portOf(site)}`);
  expect(asked).toEqual([
    { sandboxId: "box", method: "POST", host: "site.example", port: portOf(site), allowed: true },
  ]);
});

it("refuses plain HTTP to any other host, and tells both sides", async () => {
  await open(siteRules());
  const answer = await get("http://evil.example/");
  expect(answer.status).toBe(403);
  expect(answer.text).toContain("evil.example:80");
  expect(asked).toEqual([
    {
      sandboxId: "box",
      method: "POST",
      host: "evil.example",
      port: 80,
      allowed: false,
      reason: expect.stringContaining("evil.example") as string,
    },
  ]);
});

it("opens a tunnel to a host that is allowed", async () => {
  await open(siteRules());
  const { socket, answer } = await tunnel(`site.example:${portOf(echo)}`);
  expect(answer).toMatch(/^HTTP\/1.1 200 /);
  const received = text(socket);
  socket.end("é".repeat(100_000));
  expect(await received).toBe("é".repeat(100_000));
  expect(asked).toMatchObject([{ method: "CONNECT", allowed: true }]);
});

it.each(["evil.example:443", "127.0.0.1:1", "169.254.169.254:80", "[::1]:80", "localhost:443"])(
  "opens no tunnel to %s",
  async (target) => {
    await open(siteRules());
    const { socket, answer } = await tunnel(target);
    expect(answer).toMatch(/^HTTP\/1.1 403 /);
    socket.destroy();
  },
);

it.each(["site.example", "site.example:99999999", "GET / HTTP", ":80"])(
  "answers a tunnel to %s, which is no address, with an error",
  async (target) => {
    await open(siteRules());
    const { socket, answer } = await tunnel(target);
    expect(answer).toMatch(/^HTTP\/1.1 [45]/);
    socket.destroy();
  },
);

it("says that a host does not answer", async () => {
  const closed = createTcpServer().listen(0, "127.0.0.1");
  await once(closed, "listening");
  const port = portOf(closed);
  closed.close();
  await open([
    { host: "gone.example", ports: [port] },
    { host: "127.0.0.1", ports: [port] },
  ]);
  expect(await get(`http://gone.example:${port}/`)).toMatchObject({ status: 502 });
  const { socket, answer } = await tunnel(`gone.example:${port}`);
  expect(answer).toMatch(/^HTTP\/1.1 502 /);
  socket.destroy();
});

it("takes on new rules while it runs, and cuts what is open", async () => {
  await open([]);
  expect(await get(`http://site.example:${portOf(site)}/`)).toMatchObject({ status: 403 });
  proxy?.setRules(siteRules());
  expect(await get(`http://site.example:${portOf(site)}/`)).toMatchObject({ status: 200 });
  const { socket } = await tunnel(`site.example:${portOf(echo)}`);
  proxy?.setRules([]);
  await once(socket, "close");
  expect(await get(`http://site.example:${portOf(site)}/`)).toMatchObject({ status: 403 });
});

it("is a proxy and no web server", async () => {
  await open(siteRules());
  expect(await get("/")).toMatchObject({ status: 400 });
  expect(await get("ftp://site.example/")).toMatchObject({ status: 400 });
});

it("leaves nothing open when it is disposed", async () => {
  await open(siteRules());
  const { socket } = await tunnel(`site.example:${portOf(echo)}`);
  const closed = once(socket, "close");
  await proxy?.[Symbol.asyncDispose]();
  proxy = undefined;
  await closed;
  await expect(get("http://site.example/")).rejects.toMatchObject({ code: "ENOENT" });
});
