import { settingsFromEnv } from "./settings.ts";

it("has a default for everything, for this machine only", () => {
  expect(settingsFromEnv({ API_KEYS: "" })).toMatchObject({ PORT: 8000, HOST: "127.0.0.1", MAX_SANDBOXES: 100 });
});

it("reads keys and pools", () => {
  const env = { API_KEYS: "ada:0123456789abcdef, bob:fedcba9876543210", POOL: "base=2,browser=1" };
  expect(settingsFromEnv(env)).toMatchObject({
    API_KEYS: { "0123456789abcdef": { userId: "ada" }, fedcba9876543210: { userId: "bob" } },
    POOL: { base: 2, browser: 1 },
  });
});

it.each([
  [{ HOST: "0.0.0.0" }, "set API_KEYS=name:key, or JWKS_URL"],
  [{ API_KEYS: "ada:short" }, "at least 16 characters"],
  [{ POOL: "base" }, "POOL"],
  [{ LINK_SECRET: "short" }, "LINK_SECRET"],
  [{ PORT: "x" }, "PORT"],
])("refuses %j, and says what to do", (env, message) => {
  expect(() => settingsFromEnv(env)).toThrow(message);
});
