import { InProcessTopic } from "./index.ts";
import { describeContract, topicContract } from "./testing/index.ts";

describeContract("InProcessTopic", topicContract, { create: () => new InProcessTopic() });
