import { chown } from "node:fs/promises";
import { join } from "node:path";
import { findProgram } from "./find-program.ts";
import { run } from "./run.ts";
import { unprivilegedUser } from "./unprivileged-user.ts";
import type { User } from "./unprivileged-user.ts";

export type ServerName = "postgres" | "redis" | "redis-durable";

/** How one kind of server is made to run. Both say "ready to accept connections" when they are. */
export interface ServerKind {
  readonly url: (port: number) => string;
  /** Makes the data directory ready, once. */
  readonly prepare: (directory: string) => Promise<void>;
  readonly command: (directory: string, port: number) => Command;
  /** Ends it orderly, with everything written. */
  readonly stopSignal: NodeJS.Signals;
}

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly user: User | undefined;
}

const postgresArgs = [
  // It ends with the tests, so nothing needs to survive the machine. What was acknowledged survives the process.
  "fsync=off",
  "full_page_writes=off",
  "max_connections=300",
  "listen_addresses=127.0.0.1",
  "unix_socket_directories=",
].flatMap((setting) => ["-c", setting]);

export const serverKinds: Readonly<Record<ServerName, ServerKind>> = {
  postgres: {
    url: (port) => `postgres://postgres@127.0.0.1:${port}/postgres`,
    prepare: async (directory) => {
      const user = unprivilegedUser();
      if (user !== undefined) await chown(directory, user.uid, user.gid);
      const args = ["--pgdata", join(directory, "data"), "--username=postgres", "--auth=trust", "--encoding=UTF8"];
      await run({ file: programOf("initdb"), args: [...args, "--locale=C", "--no-sync"], user });
    },
    command: (directory, port) => ({
      file: programOf("postgres"),
      args: ["-D", join(directory, "data"), "-p", String(port), ...postgresArgs],
      user: unprivilegedUser(),
    }),
    stopSignal: "SIGINT", // Fast: it does not wait for its clients.
  },
  redis: {
    url: (port) => `redis://127.0.0.1:${port}`,
    prepare: async () => undefined,
    command: (directory, port) => redis(directory, port, "no"),
    stopSignal: "SIGTERM",
  },
  "redis-durable": {
    url: (port) => `redis://127.0.0.1:${port}`,
    prepare: async () => undefined,
    command: (directory, port) => redis(directory, port, "yes"),
    stopSignal: "SIGTERM",
  },
};

/** What to tell where a server cannot be had; undefined where it can. */
export function whyMissing(server: "postgres" | "redis"): string | undefined {
  const programs = server === "postgres" ? ["initdb", "postgres"] : ["redis-server"];
  const missing = programs.filter((program) => findProgram(program) === undefined);
  if (missing.length === 0) return undefined;
  const debianPackage = server === "postgres" ? "postgresql" : "redis-server";
  return `no ${missing.join(" and no ")}: on Debian, apt-get install ${debianPackage}`;
}

function redis(directory: string, port: number, appendOnly: "yes" | "no"): Command {
  const settings = { port, bind: "127.0.0.1", dir: directory, save: "", appendonly: appendOnly, appendfsync: "no" };
  return {
    file: programOf("redis-server"),
    args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
    user: undefined,
  };
}

function programOf(name: "initdb" | "postgres" | "redis-server"): string {
  const path = findProgram(name);
  if (path !== undefined) return path;
  throw new Error(`There is ${whyMissing(name === "redis-server" ? "redis" : "postgres") ?? `no ${name}`}.`);
}
