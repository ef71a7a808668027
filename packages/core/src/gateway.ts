import type { HttpRequest } from "./http.ts";
import type { Identity } from "./identity.ts";
import type { Logger } from "./logger.ts";
import type { Route } from "./route.ts";
import type { RunDoor } from "./run-door.ts";
import type { SocketRoute } from "./socket-route.ts";

/** What a gateway is given: who the app is, and the door to its runs. */
export interface GatewayHost {
  readonly name: string;
  readonly description: string;
  readonly runs: RunDoor;
  /**
   * Who sends a request that came by another way than the app's own doors, such as gRPC; undefined where the app does not
   * authenticate. Throws `unauthenticated`.
   */
  readonly identify: (request: HttpRequest) => Promise<Identity | undefined>;
  /** The largest body the app accepts, in bytes. */
  readonly maxBodyBytes: number;
  readonly logger: Logger;
}

/** One protocol at the door: translates its requests to runs, and the events of runs to its own words. */
export interface Gateway {
  readonly name: string;
  /** Called once, when the app is made. */
  routes(host: GatewayHost): readonly Route[];
  /** Called once, after `routes`. A protocol without WebSockets leaves it out. */
  sockets?(host: GatewayHost): readonly SocketRoute[];
  /**
   * Called once, when the app is ready, with what `routes` was given: for a protocol that does something by itself, such as
   * telling a registry where the app is. It must not wait.
   */
  open?(host: GatewayHost): OpenGateway;
}

/** What a gateway does besides answering. Disposed when the app's last run has ended, while its services are still there. */
export interface OpenGateway extends AsyncDisposable {
  /** The app takes no more runs: keep callers away. The app waits for it, beside the runs that are under way. */
  leave(): Promise<void>;
}
