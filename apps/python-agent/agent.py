"""An agent of AgentScope for Python behind the runtime: a request on standard input, outputs on standard output."""
import asyncio, json, os, sys
from datetime import datetime, timezone

out, sys.stdout = sys.stdout, sys.stderr  # What libraries print is no output of the agent.
tell = lambda output: print(json.dumps(output), file=out, flush=True)

try:
    from agentscope.agent import Agent
    from agentscope.credential import OpenAICredential
    from agentscope.message import AssistantMsg, UserMsg
    from agentscope.model import OpenAIChatModel
    from agentscope.permission import PermissionBehavior, PermissionDecision
    from agentscope.state import AgentState
    from agentscope.tool import FunctionTool, Toolkit
except ImportError as error:
    tell({"type": "error", "code": "unavailable", "message": "This agent needs AgentScope 2: pip install agentscope"})
    sys.exit(str(error))


def now() -> str:
    """Tells what time it is, in UTC."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def messages(wire):  # What was said; calls and files are left out.
    for message in wire:
        text = "".join(part.get("text") or "" for part in message["content"] or [])
        if message["type"] == "message" and text:
            yield UserMsg("user", text) if message["role"] == "user" else AssistantMsg("friday", text)


async def main(request):
    key, url = os.environ.get("OPENAI_API_KEY", "none"), os.environ.get("OPENAI_BASE_URL")
    model = OpenAIChatModel(OpenAICredential(api_key=key, base_url=url), os.environ.get("MODEL", "gpt-4.1"))
    allowed = PermissionDecision(behavior=PermissionBehavior.ALLOW, message="It only looks.")
    toolkit = Toolkit([FunctionTool(now, is_read_only=True, permission=allowed)])
    before = AgentState(context=list(messages(request["history"])))
    agent = Agent("friday", "You are friday. Be brief.", model, toolkit, state=before)
    calls = {}
    async for event in agent.reply_stream(list(messages(request["input"]))):
        call = calls.setdefault(getattr(event, "tool_call_id", None), {"arguments": "", "output": ""})
        match event.type:
            case "TEXT_BLOCK_DELTA":
                tell(event.delta)
            case "TOOL_CALL_START":
                call |= {"callId": event.tool_call_id, "name": event.tool_call_name}
            case "TOOL_CALL_DELTA":
                call["arguments"] += event.delta
            case "TOOL_RESULT_START":
                tell({"type": "tool.call", "callId": event.tool_call_id, "name": event.tool_call_name, "arguments": call["arguments"] or "{}"})
            case "TOOL_RESULT_TEXT_DELTA":
                call["output"] += event.delta
            case "TOOL_RESULT_END":
                tell({"type": "tool.result", "callId": event.tool_call_id, "output": call["output"], "isError": event.state != "success"})
            case "MODEL_CALL_END":
                tell({"type": "usage", "usage": {"input_tokens": event.input_tokens, "output_tokens": event.output_tokens}})


asyncio.run(main(json.loads(sys.stdin.readline())))
