export { boxHandler } from "./box-handler.ts";
export { boxPorts, parseBoxStart, toBoxEnvironment } from "./box-settings.ts";
export { boxUpgrade } from "./box-upgrade.ts";
export { openBox } from "./open-box.ts";

export type { BoxDoorOptions } from "./box-handler.ts";
export type { BoxFeature, BoxSettings, BoxSettingsInput, BoxStart } from "./box-settings.ts";
export type { BoxTransport } from "./box-client.ts";
export type { OpenBoxOptions } from "./open-box.ts";
