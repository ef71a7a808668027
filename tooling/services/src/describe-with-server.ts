import { openTestPostgres, openTestRedis } from "./open-test-server.ts";
import { whyMissing } from "./server-kind.ts";

/** How long a server may take to start while every core is busy. */
const startMs = 60_000;

/**
 * Tests that need a Postgres; `url` gives its connection string from `beforeAll` on. Where there is none they are skipped,
 * and say why; in CI they fail.
 */
export function describeWithPostgres(name: string, tests: (url: () => string) => void): void {
  describeWith("postgres", name, tests);
}

/** The same for tests that need a Redis. */
export function describeWithRedis(name: string, tests: (url: () => string) => void): void {
  describeWith("redis", name, tests);
}

function describeWith(server: "postgres" | "redis", name: string, tests: (url: () => string) => void): void {
  const reason = whyMissing(server);
  let opened: string | undefined;
  const url = (): string => {
    if (opened === undefined) throw new Error("The server is there from `beforeAll` on.");
    return opened;
  };
  const open = server === "postgres" ? openTestPostgres : openTestRedis;
  if (reason !== undefined && process.env["CI"] === undefined) {
    describe.skip(`${name} (${reason})`, () => {
      tests(url);
    });
    return;
  }
  describe(name, () => {
    beforeAll(async () => {
      opened = await open();
    }, startMs);
    tests(url);
  });
}
