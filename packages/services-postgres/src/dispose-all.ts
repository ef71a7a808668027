/** Closes the last one first, and the rest also when one fails. */
export async function disposeAll(resources: readonly AsyncDisposable[]): Promise<void> {
  const failures: unknown[] = [];
  for (const resource of resources.toReversed()) {
    try {
      await resource[Symbol.asyncDispose]();
    } catch (thrown) {
      failures.push(thrown);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, "Some services did not close.");
}
