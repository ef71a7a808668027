export { startApp } from "./app-process.ts";
export { describeInBrowser } from "./browser.ts";
export { describeWithBubblewrap } from "./bubblewrap.ts";
export { describeWithPython } from "./python.ts";

export type { AppProcess, StartAppOptions } from "./app-process.ts";
