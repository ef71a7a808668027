import type { Topic } from "../topic.ts";
import { awkwardIds, awkwardText, longText } from "./awkward-text.ts";
import { take } from "./collect.ts";
import type { Contract } from "./contract.ts";
import { expectAborted, expectDisposed } from "./refusals.ts";
import type { EveryCall } from "./refusals.ts";
import { rejectionOf } from "./rejection-of.ts";

const everyCall: EveryCall<Topic> = (topic, options) => ({
  publish: () => topic.publish("news", "late", options),
  subscribe: () => topic.subscribe("news", options),
});

async function publishAll(topic: Topic, name: string, messages: readonly string[]): Promise<void> {
  for (const message of messages) await topic.publish(name, message);
}

/** Subscribes, and returns the iterator of the subscription. */
async function listen(topic: Topic, name: string): Promise<AsyncIterator<string>> {
  const subscription = await topic.subscribe(name);
  return subscription[Symbol.asyncIterator]();
}

/** What it means to be a {@link Topic}. */
export const topicContract: Contract<Topic> = {
  "tells a listener what is published, in order": async (topic) => {
    const listener = await listen(topic, "news");
    const messages = Array.from({ length: 100 }, (_, index) => `message ${index}`);
    await publishAll(topic, "news", messages);
    expect(await take(listener, 100)).toEqual(messages);
  },

  "tells a listener who is waiting already": async (topic) => {
    const listener = await listen(topic, "news");
    const next = take(listener, 2);
    await publishAll(topic, "news", ["one", "two"]);
    expect(await next).toEqual(["one", "two"]);
  },

  "tells listeners on every replica": async (topic, openPeer) => {
    const peer = await openPeer();
    const listeners = [await listen(topic, "news"), await listen(peer, "news"), await listen(peer, "news")];
    await publishAll(topic, "news", ["one", "two"]);
    for (const listener of listeners) expect(await take(listener, 2)).toEqual(["one", "two"]);
    await peer.publish("news", "three");
    for (const listener of listeners) expect(await take(listener, 1)).toEqual(["three"]);
  },

  "tells each message once, also when replicas publish at the same time": async (topic, openPeer) => {
    const peer = await openPeer();
    const listener = await listen(topic, "news");
    const messages = Array.from({ length: 100 }, (_, index) => `message ${index}`);
    await Promise.all(messages.map((message, index) => (index % 2 === 0 ? topic : peer).publish("news", message)));
    expect((await take(listener, 100)).toSorted()).toEqual(messages.toSorted());
    await peer.publish("news", "the end");
    expect(await take(listener, 1)).toEqual(["the end"]);
  },

  "does not tell what was published before": async (topic) => {
    await topic.publish("news", "early");
    const listener = await listen(topic, "news");
    await topic.publish("news", "late");
    expect(await take(listener, 1)).toEqual(["late"]);
  },

  "keeps what comes between subscribing and reading": async (topic) => {
    await using subscription = await topic.subscribe("news");
    await publishAll(topic, "news", ["one", "two"]);
    expect(await take(subscription[Symbol.asyncIterator](), 2)).toEqual(["one", "two"]);
  },

  "lets each listener read at its own pace": async (topic) => {
    const quick = await listen(topic, "news");
    const slow = await listen(topic, "news");
    const messages = Array.from({ length: 50 }, (_, index) => `message ${index}`);
    for (const message of messages) {
      await topic.publish("news", message);
      expect(await take(quick, 1)).toEqual([message]);
    }
    expect(await take(slow, 50)).toEqual(messages);
  },

  "publishes to nobody without complaint": async (topic) => {
    await topic.publish("news", "hello");
    await (await topic.subscribe("news"))[Symbol.asyncDispose]();
    await expect(topic.publish("news", "hello")).resolves.toBeUndefined();
  },

  "takes any text as a name and keeps every two apart": async (topic) => {
    const listeners = new Map<string, AsyncIterator<string>>();
    for (const name of awkwardIds) listeners.set(name, await listen(topic, name));
    for (const name of awkwardIds) await topic.publish(name, `first to ${name}`);
    for (const name of awkwardIds) await topic.publish(name, `second to ${name}`);
    for (const [name, listener] of listeners) {
      expect(await take(listener, 2)).toEqual([`first to ${name}`, `second to ${name}`]);
    }
  },

  "carries any text": async (topic, openPeer) => {
    const listener = await listen(await openPeer(), "news");
    for (const text of ["", " ", "null", awkwardText]) {
      await topic.publish("news", text);
      expect(await take(listener, 1)).toEqual([text]);
    }
  },

  "carries a message of 1 MB": async (topic, openPeer) => {
    const listener = await listen(await openPeer(), "news");
    await publishAll(topic, "news", [longText(), "small"]);
    const [long, small] = await take(listener, 2);
    expect(long === longText()).toBe(true); // `toBe` of the text itself would print both.
    expect(small).toBe("small");
  },

  "ends the subscription when the loop is left": async (topic) => {
    const subscription = await topic.subscribe("news");
    const other = await listen(topic, "news");
    await publishAll(topic, "news", ["one", "two"]);
    for await (const message of subscription) {
      expect(message).toBe("one");
      break;
    }
    expect(await take(subscription[Symbol.asyncIterator](), 1)).toEqual([]);
    await topic.publish("news", "three");
    expect(await take(subscription[Symbol.asyncIterator](), 1)).toEqual([]);
    expect(await take(other, 3)).toEqual(["one", "two", "three"]);
  },

  "ends a waiting loop when the subscription is disposed": async (topic) => {
    const subscription = await topic.subscribe("news");
    const next = take(subscription[Symbol.asyncIterator](), 1);
    await subscription[Symbol.asyncDispose]();
    await subscription[Symbol.asyncDispose]();
    expect(await next).toEqual([]);
  },

  "ends a waiting loop with the signal's reason": async (topic) => {
    const leaving = new AbortController();
    const reason = new Error("stop");
    const subscription = await topic.subscribe("news", { signal: leaving.signal });
    const listener = subscription[Symbol.asyncIterator]();
    await topic.publish("news", "one");
    expect(await take(listener, 1)).toEqual(["one"]);
    const ended = rejectionOf(listener.next());
    leaving.abort(reason);
    expect(await ended).toBe(reason);
    expect(await take(listener, 1)).toEqual([]);
  },

  "ends with the signal's reason also when nobody was waiting": async (topic) => {
    const leaving = new AbortController();
    const reason = new Error("stop");
    const subscription = await topic.subscribe("news", { signal: leaving.signal });
    leaving.abort(reason);
    await expect(subscription[Symbol.asyncIterator]().next()).rejects.toBe(reason);
  },

  "keeps the newest 10,000 messages for a listener who falls behind": async (topic) => {
    const quick = await listen(topic, "news");
    const slow = await listen(topic, "news");
    const messages = Array.from({ length: 10_050 }, (_, index) => `message ${index}`);
    const reading = take(quick, messages.length);
    await publishAll(topic, "news", messages);
    // What has reached the one has reached the other: both listen at the same instance.
    expect((await reading).at(-1)).toBe(messages.at(-1));
    expect(await take(slow, 10_000)).toEqual(messages.slice(-10_000));
    await topic.publish("news", "the end");
    expect(await take(slow, 1)).toEqual(["the end"]);
  },

  "does nothing once the signal is aborted": async (topic) => {
    const listener = await listen(topic, "news");
    await expectAborted(everyCall, topic);
    await topic.publish("news", "on time");
    expect(await take(listener, 1)).toEqual(["on time"]);
  },

  "ends every loop with `unavailable` when it is disposed": async (topic) => {
    const waiting = await listen(topic, "news");
    const idle = await listen(topic, "news");
    const ended = rejectionOf(waiting.next());
    await topic[Symbol.asyncDispose]();
    expect(await ended).toMatchObject({ code: "unavailable" });
    await expect(idle.next()).rejects.toMatchObject({ code: "unavailable" });
  },

  "refuses every call once it is disposed": async (topic) => {
    await expectDisposed(everyCall, topic);
  },
};
