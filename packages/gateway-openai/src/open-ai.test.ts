import { AgentApp } from "@agentscope-runtime/core";
import { callHandler, jsonOf } from "@agentscope-runtime/core/testing";
import { openAi } from "./index.ts";

describe("openAi", () => {
  it("says its paths in the app's OpenAPI document, below both prefixes", async () => {
    await using app = new AgentApp({ query: () => "hi", gateways: [openAi()] });
    await app.start();
    const { paths } = jsonOf(await callHandler(app.handle, { method: "GET", path: "/openapi.json" })) as {
      paths: object;
    };
    const own = [
      "/chat/completions",
      "/conversations",
      "/conversations/{conversationId}",
      "/models",
      "/models/{model}",
      "/responses",
      "/responses/compact",
      "/responses/{responseId}",
      "/responses/{responseId}/cancel",
      "/responses/{responseId}/input_items",
    ];
    const expected = ["/v1", "/compatible-mode/v1"].flatMap((prefix) => own.map((path) => prefix + path));
    expect(
      Object.keys(paths)
        .filter((path) => path.includes("v1/"))
        .toSorted(),
    ).toEqual(expected.toSorted());
  });
});
