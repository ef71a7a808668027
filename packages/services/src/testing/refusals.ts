import type { CallOptions } from "../call-options.ts";

/** Every call of a service, each ready to be made with these options. */
export type EveryCall<T> = (service: T, options?: CallOptions) => Record<string, () => Promise<unknown>>;

/** Checks that no call begins once its signal is aborted: each rejects with the signal's reason. */
export async function expectAborted<T>(everyCall: EveryCall<T>, service: T): Promise<void> {
  const reason = new Error("stop");
  const calls = everyCall(service, { signal: AbortSignal.abort(reason) });
  const kept = (await outcomes(calls)).map(([name, outcome]) => [name, outcome === reason ? "its reason" : outcome]);
  expect(kept).toEqual(Object.keys(calls).map((name) => [name, "its reason"]));
}

/** Disposes the service, twice, and checks that every call rejects with `unavailable`. */
export async function expectDisposed<T extends AsyncDisposable>(everyCall: EveryCall<T>, service: T): Promise<void> {
  await service[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
  const calls = everyCall(service);
  const unavailable: unknown = expect.objectContaining({ code: "unavailable" });
  expect(await outcomes(calls)).toEqual(Object.keys(calls).map((name) => [name, unavailable]));
}

async function outcomes(calls: Readonly<Record<string, () => Promise<unknown>>>): Promise<[string, unknown][]> {
  const found: [string, unknown][] = [];
  for (const [name, call] of Object.entries(calls)) {
    found.push([
      name,
      await call().then(
        () => "resolved",
        (thrown: unknown) => thrown,
      ),
    ]);
  }
  return found;
}
