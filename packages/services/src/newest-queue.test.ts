import { NewestQueue } from "./newest-queue.ts";

describe("NewestQueue", () => {
  it("gives entries in the order in which they came", () => {
    const queue = new NewestQueue<number>(3);
    expect(queue.shift()).toBeUndefined();
    queue.push(1);
    queue.push(2);
    expect(queue.shift()).toBe(1);
    queue.push(3);
    expect([queue.shift(), queue.shift(), queue.shift()]).toEqual([2, 3, undefined]);
  });

  it("loses the oldest when it is full", () => {
    const queue = new NewestQueue<number>(3);
    for (let round = 0; round < 3; round++) {
      for (let entry = 0; entry < 100; entry++) queue.push(entry);
      expect([queue.shift(), queue.shift(), queue.shift(), queue.shift()]).toEqual([97, 98, 99, undefined]);
    }
  });
});
