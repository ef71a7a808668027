import { watch } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";

/** Resolves when a socket of this name is in the folder. */
export async function waitForSocket(folder: string, name: string, signal: AbortSignal): Promise<void> {
  const path = join(folder, name);
  await new Promise<void>((resolve, reject) => {
    signal.throwIfAborted();
    const look = (): void => {
      void stat(path).then(
        () => {
          finish();
          resolve();
        },
        () => undefined, // Not yet.
      );
    };
    const watcher = watch(folder, look);
    const onAbort = (): void => {
      finish();
      reject(signal.reason as Error);
    };
    const finish = (): void => {
      watcher.close();
      signal.removeEventListener("abort", onAbort);
    };
    signal.addEventListener("abort", onAbort);
    watcher.once("error", (thrown) => {
      finish();
      reject(thrown);
    });
    look(); // It may have been quicker.
  });
}
