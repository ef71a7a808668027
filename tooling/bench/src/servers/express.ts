// A named peer: what a careful person writes with Express 5, where the writes of one tick leave as one.
import type { AddressInfo } from "node:net";
import express from "express";
import { tellStory } from "./tell-story.ts";
import type { StoryRequest } from "./tell-story.ts";

const app = express();
app.use(express.json());
app.post("/process", (request, response, next) => {
  response.set({ "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache, no-transform" });
  let pending = "";
  const flush = (): void => {
    if (pending !== "" && !response.destroyed) response.write(pending);
    pending = "";
  };
  const hear = (frame: string): void => {
    if (pending === "") process.nextTick(flush);
    pending += frame;
  };
  const body = request.body as StoryRequest; // From our own load generator.
  tellStory(body, { hear, hasLeft: () => response.destroyed })
    .then(() => {
      response.end(pending);
      pending = "";
    })
    .catch(next);
});
const server = app.listen(Number(process.env["PORT"]), process.env["HOST"] ?? "", () => {
  const { address, port } = server.address() as AddressInfo; // A string only for a pipe.
  console.log(`express listens on http://${address}:${port}`);
});
