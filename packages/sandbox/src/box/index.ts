export { boxHandler } from "./box-handler.ts";
export { boxUpgrade } from "./box-upgrade.ts";
export { openBox } from "./open-box.ts";

export type { BoxDoorOptions } from "./box-handler.ts";
export type { BoxTransport } from "./box-client.ts";
export type { OpenBoxOptions } from "./open-box.ts";
