import type { Subscription, Topic } from "@agentscope-runtime/services";
import { z } from "zod";

const newsSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.enum(["used", "paused", "resumed"]), from: z.string(), sandboxId: z.string() }),
  z.object({ kind: z.literal("released"), from: z.string(), userId: z.string(), sessionId: z.string() }),
]);

/** What managers that share sandboxes tell each other. */
export type SandboxNewsItem = z.infer<typeof newsSchema>;

const topicName = "sandboxes";

/** The news of the other managers. What is missed is made up for by the idle times and the sweep. */
export class SandboxNews implements AsyncDisposable {
  readonly #topic: Topic;
  readonly #subscription: Subscription;
  readonly #reading: Promise<void>;

  private constructor(topic: Topic, subscription: Subscription, reading: Promise<void>) {
    this.#topic = topic;
    this.#subscription = subscription;
    this.#reading = reading;
  }

  /** @param self - the manager's own id, whose news it does not hear */
  static async open(topic: Topic, self: string, hear: (news: SandboxNewsItem) => void): Promise<SandboxNews> {
    const subscription = await topic.subscribe(topicName);
    const read = async (): Promise<void> => {
      for await (const message of subscription) {
        const news = newsSchema.safeParse(JSON.parse(message));
        if (news.success && news.data.from !== self) hear(news.data); // A newer manager may say more than this one knows.
      }
    };
    // A topic that is gone ends the reading; the manager's own calls say so.
    return new SandboxNews(
      topic,
      subscription,
      read().catch(() => undefined),
    );
  }

  async tell(news: SandboxNewsItem): Promise<void> {
    await this.#topic.publish(topicName, JSON.stringify(news));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#subscription[Symbol.asyncDispose]();
    await this.#reading;
  }
}
