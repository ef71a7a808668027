// The raw limit: node:http, the body parsed, one write per event.
import { createServer } from "node:http";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tellStory } from "./tell-story.ts";
import type { StoryRequest } from "./tell-story.ts";

async function readJson(request: IncomingMessage): Promise<StoryRequest> {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  request.on("end", resolve);
  request.on("error", reject);
  await promise;
  return JSON.parse(Buffer.concat(chunks).toString()) as StoryRequest; // From our own load generator.
}

const server = createServer((request, response) => {
  const answer = async (): Promise<void> => {
    const body = await readJson(request);
    response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache, no-transform",
    });
    await tellStory(body, { hear: (frame) => response.write(frame), hasLeft: () => response.destroyed });
    response.end();
  };
  answer().catch(() => response.destroy());
});
server.listen(Number(process.env["PORT"]), process.env["HOST"], () => {
  const { address, port } = server.address() as AddressInfo; // A string only for a pipe.
  console.log(`bare listens on http://${address}:${port}`);
});
