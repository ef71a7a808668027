import { z } from "zod";
import { agentRequestSchema } from "./agent-request.ts";
import { parse } from "./parse.ts";

function refusalOf(schema: z.ZodType, value: unknown): unknown {
  try {
    return parse(schema, value, "thing");
  } catch (error) {
    return error;
  }
}

describe("parse", () => {
  it("returns what the schema makes of the value", () => {
    expect(parse(z.object({ a: z.int().default(1) }), {}, "thing")).toEqual({ a: 1 });
  });

  it("says which kinds there are when it does not know one", () => {
    const known = '"text"|"image"|"data"|"audio"|"video"|"file"|"refusal"';
    for (const content of [{ type: "hologram" }, { text: "no type at all" }]) {
      expect(refusalOf(agentRequestSchema, { input: [{ content: [content] }] })).toMatchObject({
        code: "invalid_argument",
        message: `Invalid thing: input.0.content.0.type: expected one of ${known}`,
        details: { issues: [{ path: "input.0.content.0.type", message: `expected one of ${known}` }] },
      });
    }
  });

  it.each([
    [{}, "input: expected array, received nothing"],
    [null, "expected object, received null"],
    [{ input: [5] }, "input.0: expected object, received number"],
    [{ input: [{ role: "bot" }] }, 'input.0.role: expected one of "assistant"|"user"|"system"|"tool"'],
    [
      { input: [], on_disconnect: "explode" },
      'on_disconnect: expected one of "cancel"|"continue", or expected object, received string',
    ],
    [{ input: [], on_disconnect: {} }, "on_disconnect.grace: expected number, received nothing"],
    [{ input: [], stop: 5 }, "stop: expected string, received number, or expected array, received number"],
    [{ input: [], id: "a/b" }, "id: An id has letters, digits and . _ : @ = + ~ | - only."],
  ])("says in one line what is wrong with %j", (value, expected) => {
    expect(refusalOf(agentRequestSchema, value)).toMatchObject({ message: `Invalid thing: ${expected}` });
  });

  it("looks for the reason in unions inside of unions", () => {
    const leaf = z.union([z.object({ size: z.union([z.int(), z.literal("all")]) }), z.null()]);
    const schema = z.object({ leaf: z.union([z.string(), leaf]) });
    expect(refusalOf(schema, { leaf: { size: "some" } })).toMatchObject({
      message: 'Invalid thing: leaf.size: expected number, received string, or expected "all"',
    });
  });

  it("says something also when too many branches fit", () => {
    const schema = z.xor([z.object({ a: z.int() }), z.object({ b: z.int() })]);
    expect(refusalOf(schema, { a: 1, b: 2 })).toMatchObject({
      message: "Invalid thing: more than one option matched",
    });
  });

  it("lists at most 20 problems", () => {
    const refusal = refusalOf(
      z.array(z.string()),
      Array.from({ length: 1000 }, () => 1),
    );
    expect(refusal).toMatchObject({ details: { issues: { length: 20 } } });
    expect(refusal).toMatchObject({ message: "Invalid thing: 0: expected string, received number" });
  });

  it("does not repeat what was sent", () => {
    const secret = "sk-very-secret";
    for (const body of [{ input: secret }, { input: [{ role: secret }] }, { input: [], on_disconnect: secret }]) {
      expect(JSON.stringify(refusalOf(agentRequestSchema, body))).not.toContain(secret);
    }
  });
});
