import { settingsFromEnv } from "./settings.ts";

describe("the settings", () => {
  it("have defaults, without a provider", () => {
    expect(settingsFromEnv({ PORT: "" })).toEqual({
      port: 8090,
      host: "127.0.0.1",
      logLevel: "info",
      provider: undefined,
    });
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
  ])("name the variable %s that is wrong", (name, value) => {
    expect(() => settingsFromEnv({ [name]: value })).toThrow(name);
  });
});
