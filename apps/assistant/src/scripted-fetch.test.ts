import { scriptedFetch } from "./scripted-fetch.ts";

describe("the scripted model", () => {
  it("refuses what is no chat completions request", async () => {
    const answer = await scriptedFetch("http://scripted.invalid", { method: "POST", body: '{"messages":[]}' });
    expect(answer.status).toBe(400);
  });

  it("answers at once when it is offered no tool, and ends with its usage", async () => {
    const body = JSON.stringify({ stream: true, messages: [{ role: "user", content: "Hello?" }] });
    const text = await (await scriptedFetch("http://scripted.invalid", { method: "POST", body })).text();
    expect(text).toContain('"finish_reason":"stop"');
    expect(text).toContain('"usage":{"prompt_tokens":1');
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
  });

  it("stops when the request is aborted", async () => {
    const body = JSON.stringify({ stream: true, messages: [{ role: "user", content: "Hello?" }] });
    const stop = new AbortController();
    const answer = await scriptedFetch("http://scripted.invalid", { method: "POST", body, signal: stop.signal });
    stop.abort();
    await expect(answer.text()).rejects.toMatchObject({ name: "AbortError" });
  });
});
