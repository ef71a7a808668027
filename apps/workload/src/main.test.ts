import { startApp } from "@agentscope-runtime-tooling/testing";

it("the workload app serves its orders on the port it is given, and exits on SIGTERM", async () => {
  await using app = await startApp({ entry: new URL("./main.ts", import.meta.url) });
  const body = JSON.stringify({
    stream: false,
    input: [{ content: [{ type: "text", text: '{"tokens":2,"text":"a"}' }] }],
  });
  const answer = await fetch(`${app.url}/process`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  expect(await answer.json()).toMatchObject({ status: "completed", output: [{ content: [{ text: "aa" }] }] });
  app.kill("SIGTERM");
  expect(await app.ended).toMatchObject({ exit: 0 });
});
