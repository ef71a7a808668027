export { grpcBinding } from "./grpc-binding.ts";

export type { Binding } from "../binding.ts";
export type { GrpcBindingOptions } from "./grpc-binding.ts";
