import { describeContract, eventually } from "./index.ts";
import type { Contract } from "./index.ts";

/** Counts its instances, as a store would its connections. */
class Door implements AsyncDisposable {
  readonly #open: Set<string>;
  readonly name: string;

  constructor(open: Set<string>, name: string) {
    this.#open = open;
    this.name = name;
    open.add(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#open.delete(this.name);
  }
}

const open = new Set<string>();
let created = 0;

const doors: Contract<Door> = {
  "is given an instance of its own": async (door) => {
    expect([...open]).toEqual([door.name]);
  },
  "is given a peer when it asks for one": async (door, openPeer) => {
    const peer = await openPeer();
    expect([...open]).toEqual([door.name, peer.name]);
    expect(peer.name).toBe(`peer of ${door.name}`);
  },
  "finds closed what the check before was given": async (door) => {
    expect([...open]).toEqual([door.name]);
  },
};

describeContract("A contract", doors, {
  create: () => new Door(open, `door ${++created}`),
  peer: ({ name }) => new Door(open, `peer of ${name}`),
});

const lonely: Contract<Door> = {
  "is given the instance itself as its peer": async (door, openPeer) => {
    expect(await openPeer()).toBe(door);
  },
  "is not asked for what needs another instance": {
    needsPeer: true,
    check: async () => Promise.reject(new Error("It was asked.")),
  },
};

describeContract("A contract without peers", lonely, { create: async () => new Door(open, `door ${++created}`) });

const crashing: Contract<Door> = {
  "closes a peer that crashes, unless the subject knows better": {
    needsPeer: true,
    timeoutMs: 10_000,
    check: async (door, openPeer, crash) => {
      await crash(await openPeer());
      expect([...open]).toEqual([door.name]);
    },
  },
};

describeContract("A contract whose peers crash", crashing, {
  create: () => new Door(open, `door ${++created}`),
  peer: ({ name }) => new Door(open, `peer of ${name}`),
});

const crashed: string[] = [];

const crashingHard: Contract<Door> = {
  "lets the subject crash a peer in its own way": async (door, openPeer, crash) => {
    const peer = await openPeer();
    await crash(peer);
    expect(crashed).toEqual([peer.name]);
    expect([...open]).toEqual([door.name, peer.name]);
  },
  "finds closed what crashed in the check before": async (door) => {
    expect([...open]).toEqual([door.name]);
  },
};

describeContract("A contract whose peers crash hard", crashingHard, {
  create: () => new Door(open, `door ${++created}`),
  peer: ({ name }) => new Door(open, `peer of ${name}`),
  crash: ({ name }) => void crashed.push(name),
});

describe("describeContract", () => {
  it("refuses to skip what nobody promised", () => {
    const create = (): Door => new Door(open, "unused");
    expect(() => {
      describeContract("Doors", doors, { create, skip: { "opens by itself": "No motor." } });
    }).toThrow("Doors skips what nobody promised: opens by itself");
  });
});

describe("eventually", () => {
  it("asks again until there is an answer", async () => {
    const answers = [false, undefined, "yes"] as const;
    let asked = 0;
    expect(await eventually(() => answers[asked++], { intervalMs: 1 })).toBe("yes");
    expect(asked).toBe(3);
  });

  it("gives up when that takes too long", async () => {
    await expect(eventually(() => false, { timeoutMs: 20, intervalMs: 1 })).rejects.toThrow("within 20 ms");
  });
});
