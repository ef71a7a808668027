"""What OpenAI's Python client makes of a server: prints one JSON object per line for each question."""

import json
import sys

import openai
from pydantic import BaseModel

BASE, BAD_KEY = sys.argv[1], "wrong"
client = openai.OpenAI(base_url=f"{BASE}/v1", api_key="ada-key", max_retries=0)
weather = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}


class Answer(BaseModel):
    value: int


def told(question, **answer):
    print(json.dumps({"question": question, "answer": answer}), flush=True)


def refusal(ask):
    try:
        ask()
    except openai.APIStatusError as error:
        return [type(error).__name__, error.status_code, error.code, error.param]
    return None


def responses():
    whole = client.responses.create(model="m", input="hello")
    told("responses", text=whole.output_text, status=whole.status)
    with client.responses.stream(model="m", input="one two") as stream:
        deltas = [event.delta for event in stream if event.type == "response.output_text.delta"]
        told("responses.stream", deltas=deltas, text=stream.get_final_response().output_text)
    parsed = client.responses.parse(model="m", input='{"value": 7}', text_format=Answer)
    told("responses.parse", value=parsed.output_parsed.value)
    goes_on = client.responses.create(model="m", input="before?", previous_response_id=whole.id)
    told("responses.previous", text=goes_on.output_text, previous=goes_on.previous_response_id == whole.id)
    items = client.responses.input_items.list(whole.id)
    told("responses.input_items", texts=[item.content[0].text for item in items])
    compacted = client.responses.compact(model="m", previous_response_id=whole.id)
    told("responses.compact", types=[item.type for item in compacted.output])
    client.responses.delete(whole.id)
    told("responses.delete", gone=refusal(lambda: client.responses.retrieve(whole.id)))


def functions():
    tool = {"type": "function", "name": "weather", "parameters": weather, "strict": True}
    asked = client.responses.create(model="m", input="call", tools=[tool])
    call = asked.output[0]
    answer = {"type": "function_call_output", "call_id": call.call_id, "output": "cold"}
    done = client.responses.create(model="m", input=[answer], tools=[tool], previous_response_id=asked.id)
    told("functions", name=call.name, arguments=json.loads(call.arguments), text=done.output_text)


def background():
    begun = client.responses.create(model="m", input="wait", background=True)
    stopped = client.responses.cancel(begun.id)
    told("background", begun=begun.status, stopped=stopped.status, after=client.responses.retrieve(begun.id).status)


def chat():
    messages = [{"role": "user", "content": "hello"}]
    whole = client.chat.completions.create(model="m", messages=messages)
    told("chat", text=whole.choices[0].message.content, reason=whole.choices[0].finish_reason)
    chunks = list(
        client.chat.completions.create(
            model="m", messages=messages, stream=True, stream_options={"include_usage": True}
        )
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    told("chat.stream", text=text, usage=chunks[-1].usage.total_tokens)
    tool = {"type": "function", "function": {"name": "weather", "parameters": weather}}
    called = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "call"}], tools=[tool])
    told("chat.functions", name=called.choices[0].message.tool_calls[0].function.name)


def others():
    told("models", ids=[model.id for model in client.models.list()])
    conversation = client.conversations.create(metadata={"topic": "tea"})
    client.responses.create(model="m", input="hello", conversation=conversation.id)
    again = client.responses.create(model="m", input="before?", conversation=conversation.id)
    told("conversations", text=again.output_text, metadata=client.conversations.retrieve(conversation.id).metadata)


def refusals():
    stranger = client.with_options(api_key=BAD_KEY)
    told(
        "refusals",
        key=refusal(lambda: stranger.models.list()),
        response=refusal(lambda: client.responses.retrieve("resp_nobody")),
        previous=refusal(lambda: client.responses.create(input="x", previous_response_id="resp_nobody")),
        body=refusal(lambda: client.responses.create(model="m", input="x", temperature="hot")),
        failed=client.responses.create(model="m", input="fail").error.code,
    )


def socket():
    def ask(connection, **question):
        connection.response.create(model="m", store=False, **question)
        for event in connection:
            if event.type == "error":
                return event.error.code
            if event.type == "response.completed":
                return event.response

    with client.responses.connect() as connection:
        first = ask(connection, input="hello")
        second = ask(connection, input="before?", previous_response_id=first.id)
    with client.responses.connect() as other:
        lost = ask(other, input="x", previous_response_id=second.id)
    told("socket", first=first.output_text, second=second.output_text, lost=lost)


for ask_all in (responses, functions, background, chat, others, refusals, socket):
    ask_all()
