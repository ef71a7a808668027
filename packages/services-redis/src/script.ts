import { createHash } from "node:crypto";

/** A Lua script. Redis knows it by its digest once it has run it. */
export interface Script {
  readonly lua: string;
  readonly digest: string;
}

export function script(lua: string): Script {
  return { lua, digest: createHash("sha1").update(lua).digest("hex") };
}
