import type { Route } from "./route.ts";
import type { RunDoor } from "./run-door.ts";
import type { SocketRoute } from "./socket-route.ts";

/** What a gateway is given: who the app is, and the door to its runs. */
export interface GatewayHost {
  readonly name: string;
  readonly description: string;
  readonly runs: RunDoor;
  /** The largest body the app accepts, in bytes. */
  readonly maxBodyBytes: number;
}

/** One protocol at the door: translates its requests to runs, and the events of runs to its own words. */
export interface Gateway {
  readonly name: string;
  /** Called once, when the app is made. */
  routes(host: GatewayHost): readonly Route[];
  /** Called once, after `routes`. A protocol without WebSockets leaves it out. */
  sockets?(host: GatewayHost): readonly SocketRoute[];
}
