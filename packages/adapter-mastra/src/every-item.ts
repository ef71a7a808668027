import type { Page, PageOptions } from "@agentscope-runtime/services";

/** Everything that is there, page by page. */
export async function* everyItem<Item>(read: (options: PageOptions) => Promise<Page<Item>>): AsyncGenerator<Item> {
  for (let cursor: string | undefined; ;) {
    const page = await read({ limit: 200, ...(cursor !== undefined && { cursor }) });
    yield* page.items;
    if (page.cursor === undefined) return;
    cursor = page.cursor;
  }
}
