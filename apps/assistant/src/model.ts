import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import type { LanguageModel } from "ai";
import { scriptedFetch } from "./scripted-fetch.ts";
import type { Settings } from "./settings.ts";

/** The model that the settings name; without one, the scripted model, which speaks the same protocol. */
export function modelFrom({ provider }: Pick<Settings, "provider">): LanguageModel {
  if (provider === undefined) {
    const scripted = createOpenAICompatible({
      name: "scripted",
      baseURL: "http://scripted.invalid/v1",
      fetch: scriptedFetch,
    });
    return scripted.chatModel("scripted");
  }
  const { apiKey, baseUrl, model } = provider;
  return createOpenAICompatible({ name: "openai-compatible", baseURL: baseUrl, apiKey, includeUsage: true }).chatModel(
    model,
  );
}
