export { serve } from "./serve.ts";
export { toExpress } from "./to-express.ts";
export { toUpgradeListener } from "./to-upgrade-listener.ts";

export type { ServeOptions, Server } from "./serve.ts";
export type { ToExpressOptions } from "./to-express.ts";
export type { ToUpgradeListenerOptions, UpgradeListener } from "./to-upgrade-listener.ts";
