import { setTimeout as sleep } from "node:timers/promises";
import { decodeSse, RuntimeError } from "@agentscope-runtime/protocol";
import type { CallOptions } from "@agentscope-runtime/services";
import type { z } from "zod";
import type { BoxClient } from "../box/box-client.ts";
import { openBox } from "../box/index.ts";
import { endEventSchema, recordSchema, snapshotReplySchema } from "../host/host-schemas.ts";
import type { SandboxEnd } from "../sandbox-end.ts";
import type { OwnedSandbox } from "../sandbox.ts";

export interface RemoteSandboxOptions {
  readonly id: string;
  readonly type: string;
  /** The manager's. */
  readonly url: string;
  readonly token?: string;
  readonly manager: BoxClient;
}

const retryMs = 1000;
const maxEndLength = 64 * 1024;

/** A sandbox at a manager elsewhere, as its owner has it. */
export async function openRemoteSandbox(options: RemoteSandboxOptions): Promise<OwnedSandbox> {
  const { id, type, url, token, manager } = options;
  const at = `/sandboxes/${encodeURIComponent(id)}`;
  const over = new AbortController();
  const ended = Promise.withResolvers<SandboxEnd>();
  const transport = { url: `${url.replace(/\/$/, "")}${at}/box`, ...(token !== undefined && { token }) };
  const box = await openBox({ id, type, transport, ended: over.signal });
  const closeBox = box[Symbol.asyncDispose].bind(box);
  const finish = async (end: SandboxEnd): Promise<void> => {
    const message = `Sandbox ${id} has ended (${end.reason}): ${end.message}`;
    over.abort(new RuntimeError("not_found", message, { details: { reason: end.reason } }));
    ended.resolve(end);
    await closeBox();
  };
  void watchEnd(manager, at, over.signal).then(async (end) => end && finish(end));
  const ask = async <S extends z.ZodType>(path: string, body: object, schema: S, call: CallOptions = {}) => {
    over.signal.throwIfAborted();
    try {
      const asked = { method: "POST", path: `${at}${path}`, body: JSON.stringify(body), ...call } as const;
      return await manager.json(asked, schema);
    } catch (thrown) {
      throw asRemote(thrown);
    }
  };
  return Object.assign(box, {
    ended: ended.promise,
    pause: async (call?: CallOptions) => void (await ask("/pause", {}, recordSchema, call)),
    resume: async (call?: CallOptions) => void (await ask("/resume", {}, recordSchema, call)),
    snapshot: async (call?: CallOptions) => ask("/snapshots", {}, snapshotReplySchema, call),
    extend: async (ttlMs: number, call?: CallOptions) => void (await ask("/extend", { ttlMs }, recordSchema, call)),
    [Symbol.asyncDispose]: async () => {
      if (over.signal.aborted) return;
      const response = await manager.send({ method: "DELETE", path: at });
      response.resume();
      await finish({ reason: "disposed", message: "Its owner disposed it." });
    },
  });
}

/** Why the sandbox has ended; undefined when nobody wants to know any more. A manager that is away is asked again. */
async function watchEnd(manager: BoxClient, at: string, signal: AbortSignal): Promise<SandboxEnd | undefined> {
  while (!signal.aborted) {
    try {
      const events = decodeSse(manager.bytes({ method: "GET", path: `${at}/end`, signal }), {
        maxMessageLength: maxEndLength,
      });
      for await (const { data } of events) return endEventSchema.parse(JSON.parse(data));
    } catch (thrown) {
      if (RuntimeError.is(thrown) && thrown.code === "not_found") {
        return { reason: "exited", message: "Its manager does not know it any more." };
      }
    }
    await sleep(retryMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
  return undefined;
}

/** Says in the backend's own name what a manager's sandboxes cannot do. */
function asRemote(thrown: unknown): unknown {
  if (!RuntimeError.is(thrown) || thrown.code !== "unimplemented") return thrown;
  return new RuntimeError("unimplemented", `The sandboxes of this remote manager cannot do that: ${thrown.message}`);
}
