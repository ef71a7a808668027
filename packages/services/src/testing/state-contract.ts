import type { SavedState, SavedVersion, StateKey, StateService } from "../state-service.ts";
import { awkwardIds, awkwardPairs, awkwardText, longText } from "./awkward-text.ts";
import type { Contract } from "./contract.ts";
import { pagedListContract } from "./paged-list.ts";
import { race } from "./race.ts";
import { expectAborted, expectDisposed } from "./refusals.ts";
import type { EveryCall } from "./refusals.ts";

const key: StateKey = { userId: "ada", sessionId: "tea", name: "planner" };

const everyCall: EveryCall<StateService> = (states, options) => ({
  save: () => states.save(key, "late", options),
  load: () => states.load(key, options),
  history: () => states.history(key, options),
  delete: () => states.delete(key, options),
});

async function versionsOf(states: StateService, of = key): Promise<number[]> {
  const { items } = await states.history(of, { limit: 1000 });
  return items.map(({ version }) => version);
}

function nameOf({ userId, sessionId, name }: StateKey): string {
  return JSON.stringify([userId, sessionId, name]);
}

/** Checks that keys which a backend could take for each other each keep their own state and their own end. */
async function expectKeptApart(states: StateService, keys: readonly StateKey[]): Promise<void> {
  for (const one of keys) expect(await states.save(one, nameOf(one))).toMatchObject({ version: 1 });
  for (const one of keys) expect(await states.load(one)).toMatchObject({ version: 1, state: nameOf(one) });
  const left = [...keys];
  for (const one of keys) {
    await states.delete(one);
    left.shift();
    const next = left[0];
    expect(await states.load(one)).toBeUndefined();
    if (next !== undefined) expect(await states.load(next)).toMatchObject({ state: nameOf(next) });
  }
}

function selfContaining(): unknown {
  const value: Record<string, unknown> = {};
  value["self"] = { value };
  return value;
}

/** What it means to be a {@link StateService}. */
export const stateContract: Contract<StateService> = {
  "has no state before the first save": async (states) => {
    expect(await states.load(key)).toBeUndefined();
    expect(await states.load(key, { version: 1 })).toBeUndefined();
    expect(await states.history(key)).toEqual({ items: [], cursor: undefined });
  },

  "numbers the versions from 1 and loads the latest": async (states) => {
    const saved: SavedVersion[] = [];
    for (const step of ["one", "two", "three"]) saved.push(await states.save(key, { step }));
    expect(saved).toEqual([1, 2, 3].map((version) => ({ version, savedAt: expect.any(Number) as number })));
    expect(await states.load(key)).toEqual({ ...saved[2], state: { step: "three" } });
    expect(Math.abs(Date.now() - (saved[0]?.savedAt ?? 0))).toBeLessThan(60_000);
  },

  "loads any version": async (states) => {
    for (const step of ["one", "two", "three"]) await states.save(key, step);
    expect(await states.load(key, { version: 1 })).toMatchObject({ version: 1, state: "one" });
    expect(await states.load(key, { version: 3 })).toMatchObject({ version: 3, state: "three" });
    for (const version of [0, 4, -1]) expect(await states.load(key, { version })).toBeUndefined();
  },

  "gives any JSON value back as it was": async (states) => {
    const values: readonly unknown[] = [
      null,
      false,
      0,
      -1.5e-7,
      Number.MAX_SAFE_INTEGER,
      1e300,
      "",
      awkwardText,
      [],
      {},
      [[], [null, {}]],
      { a: { b: { c: [1, "2", true, null] } } },
      { "": 1, " ": 2, [awkwardText]: awkwardText, "a.b": 3, $ref: 4, toString: 5 },
    ];
    for (const value of values) await states.save(key, value);
    for (const [index, value] of values.entries()) {
      const saved: SavedState | undefined = await states.load(key, { version: index + 1 });
      expect(saved?.state).toEqual(value);
    }
  },

  "takes names for properties that JavaScript has a use for": async (states) => {
    for (const text of ['{"__proto__":{"polluted":true}}', '{"constructor":{"prototype":1}}']) {
      await states.save(key, JSON.parse(text));
      expect(JSON.stringify((await states.load(key))?.state)).toBe(text);
    }
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  },

  "keeps a state of 1 MB": async (states) => {
    await states.save(key, { text: longText() });
    const saved = await states.load(key);
    expect(JSON.stringify(saved?.state) === JSON.stringify({ text: longText() })).toBe(true); // `toEqual` would print both.
  },

  "refuses what JSON cannot hold": async (states) => {
    const values: readonly unknown[] = [
      undefined,
      NaN,
      Infinity,
      1n,
      Symbol("s"),
      () => 1,
      new Date(),
      new Map([["a", 1]]),
      new Set([1]),
      new Uint8Array(2),
      [undefined],
      { a: [{ b: NaN }] },
      { a: () => 1 },
      { a: new Date() },
      selfContaining(),
    ];
    for (const value of values) {
      await expect(states.save(key, value)).rejects.toMatchObject({ code: "invalid_argument" });
    }
    expect(await states.load(key)).toBeUndefined();
  },

  "keeps its own copy of what it was given": async (states) => {
    const state = { list: [1] };
    await states.save(key, state);
    state.list.push(2);
    expect(await states.load(key)).toMatchObject({ state: { list: [1] } });
  },

  "gives copies that may be changed": async (states) => {
    await states.save(key, { list: [1] });
    const saved = await states.load(key);
    Object.assign(saved?.state ?? {}, { list: [] });
    expect(await states.load(key)).toMatchObject({ state: { list: [1] } });
  },

  "saves on top of the expected version": async (states) => {
    expect(await states.save(key, "one", { expectedVersion: 0 })).toMatchObject({ version: 1 });
    expect(await states.save(key, "two", { expectedVersion: 1 })).toMatchObject({ version: 2 });
    expect(await states.save(key, "three")).toMatchObject({ version: 3 });
    expect(await states.load(key)).toMatchObject({ version: 3, state: "three" });
  },

  "refuses a save when another came between, and says which versions": async (states) => {
    await expect(states.save(key, "no", { expectedVersion: 1 })).rejects.toMatchObject({
      code: "conflict",
      details: { expectedVersion: 1, actualVersion: 0 },
    });
    await states.save(key, "one");
    await states.save(key, "two");
    for (const expectedVersion of [0, 1, 3]) {
      await expect(states.save(key, "no", { expectedVersion })).rejects.toMatchObject({
        code: "conflict",
        details: { expectedVersion, actualVersion: 2 },
      });
    }
    expect(await states.load(key)).toMatchObject({ version: 2, state: "two" });
    expect(await versionsOf(states)).toEqual([2, 1]);
  },

  "lets exactly one of 20 racers save on top of a version, on two replicas": async (states, openPeer) => {
    const peer = await openPeer();
    for (const expectedVersion of [0, 1]) {
      const racers = Array.from(
        { length: 20 },
        (_, racer) => () => (racer % 2 === 0 ? states : peer).save(key, racer, { expectedVersion }),
      );
      const { won, lost } = await race(racers);
      expect(won).toMatchObject([{ version: expectedVersion + 1 }]);
      expect(lost).toMatchObject(Array.from({ length: 19 }, () => ({ code: "conflict" })));
    }
    expect(await versionsOf(states)).toEqual([2, 1]);
  },

  "never gives two saves the same version, on two replicas": async (states, openPeer) => {
    const peer = await openPeer();
    const saves = Array.from({ length: 50 }, (_, racer) => (racer % 2 === 0 ? states : peer).save(key, { racer }));
    const saved = await Promise.all(saves);
    const numbers = Array.from({ length: 50 }, (_, index) => index + 1);
    expect(saved.map(({ version }) => version).toSorted((left, right) => left - right)).toEqual(numbers);
    for (const [racer, { version }] of saved.entries()) {
      expect(await states.load(key, { version })).toMatchObject({ state: { racer } });
    }
  },

  "shows a replica what another one saved": async (states, openPeer) => {
    const peer = await openPeer();
    await states.save(key, "one");
    expect(await peer.load(key)).toMatchObject({ version: 1, state: "one" });
    await peer.save(key, "two", { expectedVersion: 1 });
    expect(await states.load(key)).toMatchObject({ version: 2, state: "two" });
    await peer.delete(key);
    expect(await states.load(key)).toBeUndefined();
  },

  "keeps names, sessions and users apart": async (states) => {
    await expectKeptApart(states, [
      key,
      { ...key, name: "writer" },
      { ...key, sessionId: "other" },
      { ...key, userId: "bob" },
    ]);
  },

  "takes any text as an id": async (states) => {
    await expectKeptApart(
      states,
      awkwardIds.flatMap((id) => [
        { ...key, name: id },
        { ...key, sessionId: id },
        { ...key, userId: id },
      ]),
    );
  },

  "keeps states apart whose ids join to the same text": async (states) => {
    await expectKeptApart(
      states,
      awkwardPairs.flatMap(([left, right]) => [
        { userId: left, sessionId: right, name: "x" },
        { userId: "x", sessionId: left, name: right },
      ]),
    );
  },

  "lists the versions without their state, newest first": async (states) => {
    const first = await states.save(key, "one");
    const second = await states.save(key, "two");
    expect(await states.history(key)).toEqual({ items: [second, first], cursor: undefined });
    expect(second.savedAt).toBeGreaterThanOrEqual(first.savedAt);
  },

  "forgets all versions, and forgets them again without complaint": async (states) => {
    await states.save(key, "one");
    await states.save(key, "two");
    await states.delete(key);
    await states.delete(key);
    expect(await states.load(key)).toBeUndefined();
    expect(await states.load(key, { version: 1 })).toBeUndefined();
    expect(await states.history(key)).toEqual({ items: [], cursor: undefined });
  },

  "begins with version 1 again after a delete": async (states) => {
    await states.save(key, "old");
    await states.save(key, "older");
    await states.delete(key);
    expect(await states.save(key, "new", { expectedVersion: 0 })).toMatchObject({ version: 1 });
    expect(await states.load(key)).toMatchObject({ version: 1, state: "new" });
    expect(await versionsOf(states)).toEqual([1]);
  },

  "does nothing once the signal is aborted": async (states) => {
    await states.save(key, "one");
    await expectAborted(everyCall, states);
    expect(await states.load(key)).toMatchObject({ version: 1, state: "one" });
  },

  "refuses every call once it is disposed": async (states) => {
    await expectDisposed(everyCall, states);
  },

  ...pagedListContract<StateService>("versions", {
    add: async (states) => String((await states.save(key, "state")).version),
    read: async (states, options) => {
      const { items, cursor } = await states.history(key, options);
      return { items: items.map(({ version }) => String(version)), cursor };
    },
    foreignCursors: async (states) => {
      const others = [
        { ...key, name: "other" },
        { ...key, sessionId: "other" },
        { ...key, userId: "other" },
      ];
      for (const other of [...others, ...others]) await states.save(other, "state");
      const pages = others.map((other) => states.history(other, { limit: 1 }));
      return (await Promise.all(pages)).map(({ cursor }) => cursor);
    },
  }),
};
