import fc from "fast-check";
import { StreamEventEncoder } from "./stream-event-encoder.ts";
import type { StreamEvent } from "./task.ts";

const facts = { taskId: "task-1", contextId: "context-1" };
const awkward = fc.constantFrom('"parts":[]', '"parts":[{"text":', "\u2028", "");
const text = fc.oneof(fc.string({ unit: "binary" }), awkward);
const part = fc.oneof(
  fc.record({ text }),
  fc.record({ text, metadata: fc.constant({ a: 1 }) }),
  fc.record({ data: fc.jsonValue() }),
);
const artifact = fc.record(
  {
    artifactId: fc.oneof(fc.constantFrom("a", "b"), text),
    parts: fc.array(part, { maxLength: 2 }),
    name: text,
    metadata: fc.constant({ b: [] }),
  },
  { requiredKeys: ["artifactId", "parts"] },
);
const update = fc.record(
  { artifact, append: fc.boolean(), lastChunk: fc.constant(true) },
  { requiredKeys: ["artifact"] },
);
const event: fc.Arbitrary<StreamEvent> = fc.oneof(
  { weight: 4, arbitrary: update.map((fields) => ({ artifactUpdate: { ...facts, ...fields } })) },
  fc.constant<StreamEvent>({ statusUpdate: { ...facts, status: { state: "TASK_STATE_WORKING" } } }),
);

it("writes every stream of events as JSON would", () => {
  fc.assert(
    fc.property(fc.array(event), (events) => {
      const encoder = new StreamEventEncoder();
      for (const one of events) expect(JSON.parse(encoder.encode(one))).toEqual(JSON.parse(JSON.stringify(one)));
    }),
    { numRuns: 500 },
  );
});
