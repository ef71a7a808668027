import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { Metadata, status } from "@grpc/grpc-js";
import type { ServiceError } from "@grpc/grpc-js";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { toFault } from "../a2a-error.ts";
import type { A2aFault } from "../a2a-error.ts";

/** An error as gRPC tells it, with A2A's reason in a google.rpc.ErrorInfo. */
export function toServiceError(thrown: unknown): ServiceError {
  const fault = toFault(RuntimeError.from(thrown));
  const code = status[fault.status as keyof typeof status]; // Both have the names of google.rpc.
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(detailsOf(code, fault)));
  return Object.assign(new Error(fault.message), { code, details: fault.message, metadata });
}

/** google.rpc.Status with one detail. */
function detailsOf(code: number, { message, info }: A2aFault): Uint8Array {
  const any = new BinaryWriter().uint32(field(1)).string(info["@type"]).uint32(field(2)).bytes(infoOf(info)).finish();
  return new BinaryWriter().uint32(8).int32(code).uint32(field(2)).string(message).uint32(field(3)).bytes(any).finish();
}

/** google.rpc.ErrorInfo. */
function infoOf({ reason, domain, metadata = {} }: A2aFault["info"]): Uint8Array {
  const writer = new BinaryWriter().uint32(field(1)).string(reason).uint32(field(2)).string(domain);
  for (const [key, value] of Object.entries(metadata)) {
    const entry = new BinaryWriter().uint32(field(1)).string(key).uint32(field(2)).string(value).finish();
    writer.uint32(field(3)).bytes(entry);
  }
  return writer.finish();
}

/** The tag of a field whose length is told. */
function field(number: number): number {
  return number * 8 + 2;
}
