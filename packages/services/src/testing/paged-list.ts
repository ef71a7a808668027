import type { Page, PageOptions } from "../page.ts";
import type { Contract } from "./contract.ts";

/** A list of a service, as the promises about pages see it. */
export interface PagedList<T> {
  /** Adds one more entry, the newest, and returns what tells it from the others. */
  readonly add: (service: T) => Promise<string>;
  /** A page, newest first. */
  readonly read: (service: T, options?: PageOptions) => Promise<Page<string>>;
  /** Cursors of other lists of this service, which are not empty. */
  readonly foreignCursors: (service: T) => Promise<readonly (string | undefined)[]>;
}

const badLimits = [0, -1, 1.5, 1001, NaN, Infinity];
const badCursors = ["", "0", "1", "-1", "null", "{}", "garbage", "AAAA", "../..", "a.b", "💥", "x".repeat(1000)];

/** What every list that comes in pages promises. `name` says which list, in the promises' names. */
export function pagedListContract<T>(name: string, { add, read, foreignCursors }: PagedList<T>): Contract<T> {
  /** Newest first, as the list has them. */
  async function fill(service: T, count: number): Promise<string[]> {
    const added: string[] = [];
    while (added.length < count) added.unshift(await add(service));
    return added;
  }

  async function walk(service: T, limit: number): Promise<string[]> {
    const walked: string[] = [];
    let page = await read(service, { limit });
    for (;;) {
      expect(page.items.length).toBeLessThanOrEqual(limit);
      walked.push(...page.items);
      if (page.cursor === undefined) return walked;
      expect(page.items).toHaveLength(limit);
      page = await read(service, { limit, cursor: page.cursor });
    }
  }

  return {
    [`pages through ${name}: each one exactly once, newest first, whatever the limit`]: async (service) => {
      const all = await fill(service, 7);
      for (const limit of [1, 2, 3, 6, 7, 8]) expect(await walk(service, limit)).toEqual(all);
    },

    [`pages through ${name}: no cursor when there is no more`]: async (service) => {
      expect(await read(service)).toEqual({ items: [], cursor: undefined });
      const all = await fill(service, 3);
      expect(await read(service, { limit: 3 })).toEqual({ items: all, cursor: undefined });
      expect((await read(service, { limit: 2 })).cursor).toEqual(expect.any(String));
    },

    [`pages through ${name}: a cursor stays right while more are added`]: async (service) => {
      const all = await fill(service, 5);
      const first = await read(service, { limit: 2 });
      await fill(service, 3);
      const second = await read(service, { limit: 2, cursor: first.cursor });
      await fill(service, 3);
      const third = await read(service, { limit: 2, cursor: second.cursor });
      expect([first, second, third].map(({ items }) => items)).toEqual([
        all.slice(0, 2),
        all.slice(2, 4),
        all.slice(4),
      ]);
      expect(third.cursor).toBeUndefined();
    },

    [`pages through ${name}: the same cursor gives the same page again`]: async (service) => {
      const all = await fill(service, 3);
      const { cursor } = await read(service, { limit: 1 });
      for (const limit of [1, 2])
        expect((await read(service, { limit, cursor })).items).toEqual(all.slice(1, 1 + limit));
    },

    [`pages through ${name}: 50 at a time by default`]: async (service) => {
      const all = await fill(service, 51);
      const { items, cursor } = await read(service);
      expect(items).toEqual(all.slice(0, 50));
      expect((await read(service, { cursor })).items).toEqual(all.slice(50));
    },

    [`pages through ${name}: takes limits from 1 to 1,000 and refuses others`]: async (service) => {
      const all = await fill(service, 2);
      expect((await read(service, { limit: 1 })).items).toEqual(all.slice(0, 1));
      expect((await read(service, { limit: 1000 })).items).toEqual(all);
      for (const limit of badLimits) {
        await expect(read(service, { limit })).rejects.toMatchObject({ code: "invalid_argument" });
      }
    },

    [`pages through ${name}: refuses a cursor that it did not give`]: async (service) => {
      await fill(service, 3);
      const foreign = await foreignCursors(service);
      expect(foreign).not.toContain(undefined);
      for (const cursor of [...badCursors, ...foreign]) {
        await expect(read(service, { cursor })).rejects.toMatchObject({ code: "invalid_argument" });
      }
    },
  };
}
