import type { RunDoor } from "@agentscope-runtime/core";
import { ResponseContexts } from "./response-context.ts";
import { ResponseShelf } from "./response-shelf.ts";

/** What it takes to answer a request for a response. */
export interface ResponseDesk {
  readonly runs: RunDoor;
  readonly shelf: ResponseShelf;
  readonly contexts: ResponseContexts;
}

export function responseDesk(runs: RunDoor): ResponseDesk {
  const shelf = new ResponseShelf(runs);
  return { runs, shelf, contexts: new ResponseContexts(runs, shelf) };
}
