export { serve } from "./serve.ts";
export { toExpress } from "./to-express.ts";

export type { ServeOptions, Server } from "./serve.ts";
export type { ToExpressOptions } from "./to-express.ts";
