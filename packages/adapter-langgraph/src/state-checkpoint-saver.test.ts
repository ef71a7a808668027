import { InProcessState } from "@agentscope-runtime/services";
import { deltaChannelHistoryTests, validate } from "@langchain/langgraph-checkpoint-validation";
import { StateCheckpointSaver } from "./state-checkpoint-saver.ts";

// The suite is written for Vitest, where `soft` goes on after a failure.
Object.assign(expect, { soft: expect });

const initializer = {
  checkpointerName: "StateCheckpointSaver",
  createCheckpointer: () => new StateCheckpointSaver({ state: new InProcessState(), userId: "ada" }),
};

validate(initializer);
deltaChannelHistoryTests(initializer);
