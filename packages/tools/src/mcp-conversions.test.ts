import * as fc from "fast-check";
import { fromMcpResult, toMcpResult } from "./index.ts";
import type { ToolContent, ToolResult } from "./index.ts";

const png = "iVBORw0KGgo=";

it("says a tool's result in MCP's words", () => {
  const content: readonly ToolContent[] = [
    { type: "text", text: "hi" },
    { type: "image", data: png, mediaType: "image/png" },
    { type: "file", data: "UklGRg==", mediaType: "audio/wav" },
    { type: "file", data: "YSxi", mediaType: "text/csv", filename: "a b.csv" },
    { type: "data", data: { a: [1] } },
  ];
  expect(toMcpResult({ content, isError: false })).toEqual({
    content: [
      { type: "text", text: "hi" },
      { type: "image", data: png, mimeType: "image/png" },
      { type: "audio", data: "UklGRg==", mimeType: "audio/wav" },
      { type: "resource", resource: { uri: "attachment:///a%20b.csv", mimeType: "text/csv", blob: "YSxi" } },
      { type: "text", text: '{"a":[1]}' },
    ],
    structuredContent: { a: [1] },
  });
  expect(toMcpResult({ content: [], isError: true })).toEqual({ content: [], isError: true });
});

it("keeps two pieces of data as texts: there is one structured content", () => {
  const content = [1, 2].map((data): ToolContent => ({ type: "data", data }));
  expect(toMcpResult({ content, isError: false })).toEqual({
    content: [
      { type: "text", text: "1" },
      { type: "text", text: "2" },
    ],
  });
});

it("reads what servers answer, and drops nothing", () => {
  const link = { type: "resource_link", uri: "https://example.com/a", name: "a" };
  const future = { type: "hologram", data: 1 };
  const content = [
    { type: "resource", resource: { uri: "file:///notes.md", mimeType: "text/markdown", text: "# hi" } },
    { type: "resource", resource: { uri: "file:///a.png", mimeType: "image/png", blob: png } },
    { type: "resource", resource: { uri: "file:///dir/r%C3%A9sum%C3%A9.pdf?x#y", blob: "AA==" } },
    link,
    future,
    { type: "image", data: png },
  ];
  expect(fromMcpResult({ content })).toEqual({
    content: [
      { type: "text", text: "# hi" },
      { type: "image", data: png, mediaType: "image/png" },
      { type: "file", data: "AA==", mediaType: "application/octet-stream", filename: "résumé.pdf" },
      { type: "data", data: link },
      { type: "data", data: future },
      { type: "data", data: { type: "image", data: png } },
    ],
    isError: false,
  });
  expect(fromMcpResult({ isError: true })).toEqual({ content: [], isError: true });
});

it("has structured content once, where the text that says the same was", () => {
  const structuredContent = { a: 1 };
  const text = (said: string) => ({ type: "text", text: said });
  expect(fromMcpResult({ content: [text("before"), text('{ "a": 1 }')], structuredContent }).content).toEqual([
    text("before"),
    { type: "data", data: { a: 1 } },
  ]);
  expect(fromMcpResult({ content: [text("other")], structuredContent }).content).toEqual([
    text("other"),
    { type: "data", data: { a: 1 } },
  ]);
});

const base64 = fc.base64String({ maxLength: 20 });
const filename = fc.string({ minLength: 1, maxLength: 12 });
const piece = fc.oneof(
  fc.record({ type: fc.constant("text" as const), text: fc.string().map((text) => `= ${text}`) }),
  fc.record({ type: fc.constant("image" as const), data: base64, mediaType: fc.constant("image/png") }),
  fc.record({ type: fc.constant("file" as const), data: base64, mediaType: fc.constant("audio/wav") }),
  fc.record({ type: fc.constant("file" as const), data: base64, mediaType: fc.constant("a/b"), filename }),
);
const data = fc.record({ type: fc.constant("data" as const), data: fc.jsonValue() });

it("comes back as it was, over MCP and back", () => {
  const content = fc
    .tuple(fc.array(piece, { maxLength: 4 }), fc.option(data, { nil: undefined }), fc.array(piece, { maxLength: 4 }))
    .map(([before, one, after]): ToolContent[] => [...before, ...(one === undefined ? [] : [one]), ...after]);
  fc.assert(
    fc.property(content, fc.boolean(), (pieces, isError) => {
      const result: ToolResult = JSON.parse(JSON.stringify({ content: pieces, isError })) as ToolResult;
      expect(fromMcpResult(JSON.parse(JSON.stringify(toMcpResult(result))) as object)).toEqual(result);
    }),
    { numRuns: 1_000 },
  );
});
