import { isRollback } from "@agentscope-runtime/core";
import type { AgentOutput, RunContext } from "@agentscope-runtime/core";
import { fromModelError } from "@agentscope-runtime/core/adapter";
import type { AgentRequest, Message } from "@agentscope-runtime/protocol";
import type { AgentScopeAgent } from "./agentscope-agent.ts";
import type { AgentScopeEvent } from "./agentscope-event.ts";
import type { AgentScopeDataBlock, AgentScopeMessage } from "./agentscope-message.ts";
import { emptyState, setState, stateOf } from "./agentscope-state.ts";
import type { AgentLocks } from "./agent-locks.ts";
import type { AgentScopeFactory, AgentScopeHandlerOptions } from "./create-agentscope-handler.ts";
import { EventReader } from "./event-reader.ts";
import { fromData } from "./from-block.ts";
import { keeperOf, unlessUnimplemented } from "./keeper.ts";
import type { Keeper } from "./keeper.ts";
import { pendingCalls, settle } from "./pending-calls.ts";
import { planReply } from "./plan-reply.ts";
import { isRecalled, recall } from "./recall.ts";
import { SaidText } from "./said-text.ts";
import { StoppableAgent } from "./stoppable-agent.ts";
import { toAgentScopeMessages } from "./to-agentscope-messages.ts";

interface AgentRunParts {
  readonly request: AgentRequest;
  readonly context: RunContext;
  readonly options: AgentScopeHandlerOptions;
}

interface Step {
  /** Results that nobody else gives, told before the reply. */
  readonly settled?: readonly AgentOutput[];
  readonly reply: Parameters<AgentScopeAgent["replyStream"]>[0];
}

const defaultHistoryLimit = 50;

/** What the model is told of calls that have no result and will have none. */
const wentOn = "The call was not run: the conversation went on without an answer to it.";
const interrupted = "The call was interrupted: whether it had an effect is not known.";

/** One request, answered by an agent that nobody else uses meanwhile. */
export class AgentRun {
  readonly #agent: AgentScopeAgent;
  readonly #request: AgentRequest;
  readonly #context: RunContext;
  readonly #options: AgentScopeHandlerOptions;
  readonly #keeper: Keeper;
  readonly #said = new SaidText();
  #before = emptyState;
  #isDone = false;

  constructor(agent: AgentScopeAgent, { request, context, options }: AgentRunParts) {
    this.#agent = agent;
    this.#request = request;
    this.#context = context;
    this.#options = options;
    this.#keeper = keeperOf(agent, context);
  }

  /**
   * Waits for the agent, and answers. One generator and not several within each other: each would cost every output several turns
   * of the queue.
   */
  static async *outputs(
    agent: AgentScopeAgent | AgentScopeFactory,
    { locks, ...parts }: AgentRunParts & { readonly locks: AgentLocks },
  ): AsyncGenerator<AgentOutput> {
    const { request, context } = parts;
    const made = typeof agent === "function" ? await agent(context, request) : agent;
    const unlock = await locks.lock(made, context.signal);
    try {
      const run = new AgentRun(made, parts);
      await run.#begin();
      const stoppable = new StoppableAgent(made, context.signal);
      try {
        for await (const { settled = [], reply } of run.#steps()) {
          for (const output of settled) yield output;
          const reader = run.#readerOf();
          try {
            for await (const each of made.replyStream(reply)) {
              // The framework's word: an event with one of our types has our fields. Others fall through.
              const event = each as AgentScopeEvent;
              run.#said.read(event);
              for (const content of stoppable.made({ isOver: event.type === "MODEL_CALL_ENDED" }))
                yield toContent(content);
              for (const output of reader.read(event)) yield output;
              // What is about to happen is written down before it does.
              if (event.type === "TOOL_RESULT_START") await run.#begun(event.toolCallId);
            }
          } catch (thrown) {
            for (const output of reader.close({ broken: true })) yield output;
            throw fromModelError(thrown);
          }
          for (const content of stoppable.made({ isOver: true })) yield toContent(content);
          for (const output of reader.close({ broken: false })) yield output;
        }
        run.#isDone = true;
      } finally {
        stoppable.release();
        await run.#end();
      }
    } finally {
      unlock();
    }
  }

  async #begin(): Promise<void> {
    await this.#keeper.load();
    if (this.#agent.context.length === 0) await this.#join();
    this.#before = stateOf(this.#agent);
  }

  /** An agent without a state joins the conversation as it is. */
  async #join(): Promise<void> {
    const { historyLimit: limit = defaultHistoryLimit } = this.#options;
    if (limit === 0) return;
    const history = await unlessUnimplemented(this.#context.session.history({ limit }));
    if (history === "unimplemented") return;
    this.#agent.context = toAgentScopeMessages(history.items, { agentName: this.#agent.name });
  }

  /** What the agent is asked, one after the other: the next is made up when the one before is done. */
  async *#steps(): AsyncGenerator<Step> {
    const { isApproved } = this.#context;
    const { event, early, reasons, settlesAll, messages } = planReply(this.#agent, this.#request.input, isApproved);
    for (const result of early) settle(this.#agent, result);
    const said = await this.#toSay(messages);
    if (event !== undefined) {
      const why = reasons.map((text) => plainMessage("user", text));
      const isTogether = settlesAll && why.length + said.length > 0;
      yield { reply: isTogether ? { event, msgs: [...why, ...said] } : { event } };
      if (isTogether || said.length === 0) return;
    } else if (early.length > 0 && said.length === 0 && pendingCalls(this.#agent).length > 0) {
      return; // Other calls still wait for somebody.
    }
    const settled = this.#settlePending();
    yield { settled, reply: said.length > 0 ? { msgs: said } : {} };
  }

  /** The messages that the agent has not been told in an earlier try of this run, and what is remembered about them. */
  async #toSay(messages: readonly Message[]): Promise<AgentScopeMessage[]> {
    const told = new Set(this.#agent.context.map(({ id }) => id));
    const said = toAgentScopeMessages(messages, { agentName: this.#agent.name }).filter(({ id }) => !told.has(id));
    const { recallLimit: limit = 0 } = this.#options;
    const recalled = limit > 0 && said.length > 0 ? await recall(this.#context.memory, said, limit) : undefined;
    return recalled === undefined ? said : [plainMessage("system", recalled.text, recalled.metadata), ...said];
  }

  #readerOf(): EventReader {
    const { toolkit } = this.#agent;
    return new EventReader({
      isExternal: (name) => toolkit.requireExternalExecution(name),
      callNames: new Map(pendingCalls(this.#agent).map(({ call }) => [call.id, call.name])),
    });
  }

  /** From here on a confirmation is used up: a call that was begun is not begun again by it. */
  async #begun(callId: string): Promise<void> {
    for (const block of this.#agent.context.at(-1)?.content ?? []) {
      if (block.type === "tool_call" && block.id === callId && block.awaitUserConfirmation === true) {
        block.awaitUserConfirmation = false;
      }
    }
    await this.#keeper.save();
  }

  /** Answers calls that nobody will answer any more, and tells so: the framework would leave them open for good. */
  #settlePending(): AgentOutput[] {
    return pendingCalls(this.#agent).map(({ call, waitsFor }) => {
      const output = waitsFor === undefined ? interrupted : wentOn;
      settle(this.#agent, { type: "tool_result", id: call.id, name: call.name, output, state: "interrupted" });
      const kind = waitsFor === "client" ? ({ kind: "function" } as const) : {};
      return { type: "tool.result", callId: call.id, name: call.name, output, isError: true, ...kind };
    });
  }

  /** Leaves the agent in a state that the next request can go on from. */
  async #end(): Promise<void> {
    const isDone = this.#isDone;
    const { signal, logger } = this.#context;
    if (signal.aborted && isRollback(signal.reason)) {
      setState(this.#agent, this.#before);
      if (!this.#keeper.hasSaved) return;
    } else {
      if (!isDone) this.#repair();
      this.#agent.context = this.#agent.context.filter((message) => !isRecalled(message));
    }
    try {
      await this.#keeper.save();
    } catch (thrown) {
      if (isDone) throw thrown;
      logger.error({ err: thrown }, "The state of an agent that stopped could not be saved.");
    }
  }

  /** What the framework forgets when it is stopped: what was said, and that calls have no result. */
  #repair(): void {
    const pending = pendingCalls(this.#agent);
    for (const { call, waitsFor } of pending) {
      if (waitsFor !== undefined) continue; // Its answer may still come.
      settle(this.#agent, {
        type: "tool_result",
        id: call.id,
        name: call.name,
        output: interrupted,
        state: "interrupted",
      });
    }
    const text = this.#said.lost(this.#agent.context);
    if (text === "") return;
    const block = { type: "text", id: crypto.randomUUID(), text } as const;
    const last = this.#agent.context.at(-1);
    if (last?.role === "assistant" && last.name === this.#agent.name) last.content.push(block);
    else this.#agent.context.push({ ...plainMessage("assistant", text), name: this.#agent.name });
  }
}

function toContent(block: AgentScopeDataBlock): AgentOutput {
  return { type: "content", content: fromData(block) };
}

function plainMessage(
  role: AgentScopeMessage["role"],
  text: string,
  metadata: AgentScopeMessage["metadata"] = {},
): AgentScopeMessage {
  const [id, blockId] = [crypto.randomUUID(), crypto.randomUUID()];
  const content = [{ type: "text", id: blockId, text } as const];
  return { id, name: role, role, content, metadata, timestamp: new Date().toISOString() };
}
