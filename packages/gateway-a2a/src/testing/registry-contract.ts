import type { Contract } from "@agentscope-runtime/services/testing";
import type { AgentCard } from "../agent-card.ts";
import type { Registry } from "../registry.ts";

/** A registry, and how its users see what is in it. */
export interface RegistrySubject {
  readonly registry: Registry;
  /** Every card that can be found, in any order. */
  readonly found: () => Promise<readonly AgentCard[]>;
}

function cardOf(name: string, more: Partial<AgentCard> = {}): AgentCard {
  return {
    name,
    description: "An agent.",
    version: "1.0.0",
    supportedInterfaces: [{ url: "https://agents.example/a2a", protocolBinding: "JSONRPC", protocolVersion: "1.0" }],
    capabilities: { streaming: true },
    defaultInputModes: ["text/plain"],
    defaultOutputModes: ["text/plain"],
    skills: [],
    ...more,
  };
}

async function namesIn({ found }: RegistrySubject): Promise<string[]> {
  return (await found()).map(({ name, version, description }) => `${name} ${version} ${description}`).toSorted();
}

/** What it means to be a {@link Registry}. */
export const registryContract: Contract<RegistrySubject> = {
  "shows a card once it is registered, as it was given": async (subject) => {
    const card = cardOf("weather");
    await subject.registry.register(card);
    expect(await subject.found()).toMatchObject([card]);
  },

  "puts a card in the place of the one before it": async (subject) => {
    await subject.registry.register(cardOf("weather"));
    await subject.registry.register(cardOf("weather", { description: "Better." }));
    expect(await namesIn(subject)).toEqual(["weather 1.0.0 Better."]);
  },

  "keeps agents and versions apart, whatever they are called": async (subject) => {
    const names = ["weather", "Weather", "../weather", "a.b", "a%2Eb", "日本 語", "x".repeat(40)];
    for (const name of names) await subject.registry.register(cardOf(name));
    await subject.registry.register(cardOf("weather", { version: "2.0.0" }));
    const expected = [...names.map((name) => `${name} 1.0.0 An agent.`), "weather 2.0.0 An agent."];
    expect(await namesIn(subject)).toEqual(expected.toSorted());
  },

  "takes a card away, and only that one": async (subject) => {
    for (const version of ["1.0.0", "2.0.0"]) await subject.registry.register(cardOf("weather", { version }));
    await subject.registry.register(cardOf("other"));
    await subject.registry.deregister(cardOf("weather"));
    expect(await namesIn(subject)).toEqual(["other 1.0.0 An agent.", "weather 2.0.0 An agent."]);
  },

  "takes away what is not there without complaint": async (subject) => {
    await subject.registry.register(cardOf("weather"));
    await subject.registry.deregister(cardOf("weather"));
    await subject.registry.deregister(cardOf("weather"));
    await subject.registry.deregister(cardOf("never"));
    expect(await namesIn(subject)).toEqual([]);
  },

  "takes a card again after it was taken away": async (subject) => {
    await subject.registry.register(cardOf("weather"));
    await subject.registry.deregister(cardOf("weather"));
    await subject.registry.register(cardOf("weather"));
    expect(await namesIn(subject)).toEqual(["weather 1.0.0 An agent."]);
  },

  "loses none of many that come at once": async (subject) => {
    const names = Array.from({ length: 10 }, (_, index) => `agent-${index}`);
    await Promise.all(names.map(async (name) => subject.registry.register(cardOf(name))));
    expect(await namesIn(subject)).toHaveLength(names.length);
  },

  "does nothing once the signal is aborted": async (subject) => {
    const signal = AbortSignal.abort(new Error("stop"));
    await expect(subject.registry.register(cardOf("weather"), { signal })).rejects.toThrow("stop");
    expect(await namesIn(subject)).toEqual([]);
  },
};
