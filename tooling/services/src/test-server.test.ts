import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import pg from "pg";
import { eventually } from "@agentscope-runtime/services/testing";
import {
  describeWithPostgres,
  describeWithRedis,
  freshName,
  openTestPostgres,
  openTestRedis,
  startPostgres,
  startRedis,
} from "./index.ts";

const patienceMs = 60_000;

async function sql(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query<object>(text)).rows;
  } finally {
    await client.end();
  }
}

/** The first line of the answer to one command. */
async function redis(url: string, command: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  try {
    await once(socket, "connect");
    socket.write(`${command}\r\n`);
    for await (const line of createInterface({ input: socket })) return line;
    return "";
  } finally {
    socket.destroy();
  }
}

async function listens(url: string): Promise<boolean> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

describeWithPostgres("a Postgres for tests", (url) => {
  it("is the same for everybody who asks", async () => {
    expect(await openTestPostgres()).toBe(url());
    expect(await openTestPostgres()).toBe(url());
  });

  it("takes 300 connections and any text", async () => {
    expect(await sql(url(), "select current_setting('max_connections') as most, '乌龙' as text")).toEqual([
      { most: "300", text: "乌龙" },
    ]);
  });

  it("has room for names of one's own", async () => {
    const [one, other] = [freshName(), freshName()];
    for (const name of [one, other]) await sql(url(), `create schema ${name}; create table ${name}.t (n int)`);
    await sql(url(), `insert into ${one}.t values (1)`);
    expect(await sql(url(), `select * from ${other}.t`)).toEqual([]);
  });

  it(
    "keeps port and data over a restart when a test owns it, and is gone after it",
    async () => {
      const server = await startPostgres();
      await sql(server.url, "create table t (n int); insert into t values (1)");
      await server.stop();
      await server.stop();
      expect(await listens(server.url)).toBe(false);
      await server.start();
      await sql(server.url, "insert into t values (2)");
      await server.restart();
      expect(await sql(server.url, "select * from t")).toEqual([{ n: 1 }, { n: 2 }]);
      await server[Symbol.asyncDispose]();
      expect(await listens(server.url)).toBe(false);
    },
    patienceMs,
  );
});

describeWithRedis("a Redis for tests", (url) => {
  it("is the same for everybody who asks", async () => {
    expect(await openTestRedis()).toBe(url());
    expect(await redis(url(), "PING")).toBe("+PONG");
  });

  it(
    "keeps port and data over a restart when a test owns it, and is gone after it",
    async () => {
      const server = await startRedis();
      expect(await redis(server.url, "SET one 1")).toBe("+OK");
      await server.restart();
      expect(await redis(server.url, "GET one")).toBe("$1");
      await server[Symbol.asyncDispose]();
      expect(await listens(server.url)).toBe(false);
    },
    patienceMs,
  );

  it(
    "ends, and takes its directory along, when its owner is killed",
    async () => {
      const directory = await mkdtemp(join(tmpdir(), "agentscope-owner-"));
      const script = `const { startRedis } = await import(${JSON.stringify(join(import.meta.dirname, "index.ts"))});
        console.log((await startRedis()).url);`;
      const env = { PATH: process.env["PATH"], TMPDIR: directory };
      const owner = spawn(process.execPath, ["--input-type=module", "-e", script], {
        env,
        stdio: ["ignore", "pipe", "inherit"],
      });
      const [line] = (await once(owner.stdout, "data")) as [Buffer];
      const serverUrl = line.toString().trim();
      expect(await redis(serverUrl, "PING")).toBe("+PONG");
      expect(readdirSync(directory)).toHaveLength(1);
      owner.kill("SIGKILL");
      await eventually(async () => !(await listens(serverUrl)) && readdirSync(directory).length === 0);
      await rm(directory, { recursive: true });
    },
    patienceMs,
  );
});
