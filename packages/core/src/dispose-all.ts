/** Closes last-in first-out, and closes the rest when one fails. Throws what failed when all were tried. */
export async function disposeAll(resources: readonly AsyncDisposable[]): Promise<void> {
  const failures: unknown[] = [];
  for (const resource of resources.toReversed()) {
    try {
      await resource[Symbol.asyncDispose]();
    } catch (thrown) {
      failures.push(thrown);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, "Some resources did not close.");
}
