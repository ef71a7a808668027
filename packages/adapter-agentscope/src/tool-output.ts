import { parseToolResult } from "@agentscope-runtime/tools";
import type { ToolContent, ToolResult } from "@agentscope-runtime/tools";
import type { AgentScopeDataBlock, AgentScopeTextBlock, AgentScopeToolResultBlock } from "./agentscope-message.ts";

type OutputBlock = AgentScopeTextBlock | AgentScopeDataBlock;

/** What a tool answered as blocks; their ids begin with the given one. */
export function toOutputBlocks({ content }: ToolResult, id: string): OutputBlock[] {
  return content.map((piece, index) => toOutputBlock(piece, `${id}/${index}`));
}

function toOutputBlock(piece: ToolContent, id: string): OutputBlock {
  switch (piece.type) {
    case "text":
      return { type: "text", id, text: piece.text };
    case "data":
      return { type: "text", id, text: JSON.stringify(piece.data) };
    case "image":
      return { type: "data", id, source: { type: "base64", data: piece.data, mediaType: piece.mediaType } };
    case "file": {
      const { filename, data, mediaType } = piece;
      const name = filename === undefined ? {} : { name: filename };
      return { type: "data", id, ...name, source: { type: "base64", data, mediaType } };
    }
  }
}

/** The output of a call as the framework stores it: results of our own tools as what they are, everything else as text. */
export function toStoredOutput(text: string, callId: string): AgentScopeToolResultBlock["output"] {
  const result = text.startsWith("{") ? parseToolResult(parsed(text)) : undefined;
  if (result === undefined || result.content.every(({ type }) => type === "text" || type === "data")) return text;
  return toOutputBlocks(result, callId);
}

/** What a call answered, for a person or a program: text, or, with images or files, our `ToolResult`. */
export function fromStoredOutput(output: AgentScopeToolResultBlock["output"], isError: boolean): string | ToolResult {
  if (typeof output === "string") return output;
  if (output.every((block) => block.type === "text")) return output.map(({ text }) => text).join("");
  return { content: output.map(toPiece), isError };
}

/** An address is no bytes: it stays text. */
export function toPiece(block: OutputBlock): ToolContent {
  if (block.type === "text") return { type: "text", text: block.text };
  const { source, name } = block;
  const { mediaType } = source;
  if (source.type === "url") return { type: "text", text: source.url };
  if (mediaType.startsWith("image/")) return { type: "image", data: source.data, mediaType };
  return { type: "file", data: source.data, mediaType, ...(name === undefined ? {} : { filename: name }) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
