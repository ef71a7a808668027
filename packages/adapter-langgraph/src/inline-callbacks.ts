import type { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import { CallbackManager, ensureHandler } from "@langchain/core/callbacks/manager";
import type { Callbacks } from "@langchain/core/callbacks/manager";

/** LangGraph's handler for the stream's mode `messages`. */
const messagesHandler = "StreamMessagesHandler";

/**
 * Callbacks by which a graph tells its messages at once. LangChain runs callbacks in the background, one after the other for the
 * whole process, and LangGraph drops what they tell after the graph has ended: under load, messages were lost or came after what
 * followed from them.
 */
class InlineCallbacks extends CallbackManager {
  override addHandler(handler: BaseCallbackHandler, inherit = true): void {
    if (handler.name === messagesHandler) handler.awaitHandlers = true;
    super.addHandler(handler, inherit);
  }

  override copy(handlers: BaseCallbackHandler[] = [], inherit = true): CallbackManager {
    return inline(super.copy(handlers, inherit));
  }
}

/** The same handlers, and LangGraph's own told at once. */
export function inlineCallbacks(callbacks: Callbacks = []): CallbackManager {
  if (!Array.isArray(callbacks)) return inline(callbacks);
  const manager = new InlineCallbacks();
  for (const handler of callbacks) manager.addHandler(ensureHandler(handler));
  return manager;
}

function inline(manager: CallbackManager): CallbackManager {
  return new InlineCallbacks(manager.getParentRunId(), manager);
}
