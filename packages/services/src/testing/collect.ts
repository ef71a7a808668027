/** All that a loop gives until it ends. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

/** The next so many that a loop gives; the iterator stays open. Fewer when it ends. */
export async function take<T>(items: AsyncIterator<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  while (taken.length < count) {
    const result = await items.next();
    if (result.done === true) break;
    taken.push(result.value);
  }
  return taken;
}
