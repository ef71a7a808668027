import { settingsFromEnv } from "./settings.ts";

describe("the settings", () => {
  it("have defaults, without a provider", () => {
    expect(settingsFromEnv({ PORT: "" })).toEqual({
      port: 8090,
      host: "127.0.0.1",
      logLevel: "info",
      provider: undefined,
      store: { kind: "directory", path: ".agentscope" },
      sandbox: "auto",
    });
  });

  it("say where everything is kept: a database before a Redis, and a directory without them", () => {
    const url = "postgres://127.0.0.1/agents";
    const redis = "redis://127.0.0.1";
    expect(settingsFromEnv({ DATABASE_URL: url, REDIS_URL: redis }).store).toEqual({ kind: "postgres", url });
    expect(settingsFromEnv({ REDIS_URL: redis }).store).toEqual({ kind: "redis", url: redis });
    expect(settingsFromEnv({ AGENTSCOPE_DATA_DIR: "/tmp/a" }).store).toEqual({ kind: "directory", path: "/tmp/a" });
  });

  it("take any provider that speaks OpenAI's protocol, also one without a key", () => {
    expect(settingsFromEnv({ OPENAI_API_KEY: "k", MODEL: "m" }).provider).toEqual({
      apiKey: "k",
      baseUrl: "https://api.openai.com/v1",
      model: "m",
    });
    expect(settingsFromEnv({ OPENAI_BASE_URL: "http://127.0.0.1:11434/v1" }).provider).toMatchObject({
      apiKey: "none",
      baseUrl: "http://127.0.0.1:11434/v1",
    });
  });

  it.each([
    ["PORT", "many"],
    ["PORT", "70000"],
    ["OPENAI_BASE_URL", "nowhere"],
    ["LOG_LEVEL", "loud"],
    ["DATABASE_URL", "mysql://127.0.0.1/agents"],
    ["REDIS_URL", "nowhere"],
  ])("name the variable %s that is wrong", (name, value) => {
    expect(() => settingsFromEnv({ [name]: value })).toThrow(name);
  });
});
