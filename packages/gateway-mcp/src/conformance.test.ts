import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AgentApp } from "@agentscope-runtime/core";
import type { AgentOutput, QueryHandler } from "@agentscope-runtime/core";
import { serve } from "@agentscope-runtime/express";
import { createToolbox, defineTool } from "@agentscope-runtime/tools";
import type { ToolContent, ToolDefinition, ToolInputSchema } from "@agentscope-runtime/tools";
import { z } from "zod";
import { mcpGateway } from "./index.ts";

/** What the official suite asks for and does not apply, with the reason: all else has to pass. */
const noPrompts = "An app has agents and tools, and no prompts.";
const noResources = "An app has agents and tools, and no resources to list; files come with results.";
const noLogging = "Logging is for operators: it goes to the app's logger.";
const noSampling = "An agent has a model of its own and never asks the client's.";
const noRoots = "An agent sees no directories of the client.";
const ownForm = "The only form is the one for an approval; its fields are always the same.";
const noTasks = "The extension for tasks is not offered.";

const notApplicable: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "2025-11-25": {
    "logging-set-level": noLogging,
    "tools-call-with-logging": noLogging,
    "completion-complete": noPrompts,
    "tools-call-sampling": noSampling,
    "elicitation-sep1034-defaults": ownForm,
    "elicitation-sep1330-enums": ownForm,
    "resources-list": noResources,
    "resources-read-text": noResources,
    "resources-read-binary": noResources,
    "resources-templates-read": noResources,
    "resources-subscribe": noResources,
    "resources-unsubscribe": noResources,
    "prompts-list": noPrompts,
    "prompts-get-simple": noPrompts,
    "prompts-get-with-args": noPrompts,
    "prompts-get-embedded-resource": noPrompts,
    "prompts-get-with-image": noPrompts,
  },
  "2026-07-28": {
    "completion-complete": noPrompts,
    "resources-list": noResources,
    "resources-read-text": noResources,
    "resources-read-binary": noResources,
    "resources-templates-read": noResources,
    "prompts-list": noPrompts,
    "prompts-get-simple": noPrompts,
    "prompts-get-with-args": noPrompts,
    "prompts-get-embedded-resource": noPrompts,
    "prompts-get-with-image": noPrompts,
    "input-required-result-basic-sampling": noSampling,
    "input-required-result-basic-list-roots": noRoots,
    "input-required-result-multiple-input-requests": `${noSampling} ${noRoots}`,
    "input-required-result-non-tool-request": noPrompts,
    "input-required-result-capability-check": `The client of this scenario can only sample. ${noSampling}`,
    "sep-2322-ignore-unexpected-params":
      "Answers belong to a run: this scenario sends them without the state that says to which.",
    "sep-2164-error-code": noResources,
    "sep-2164-data-uri": noResources,
    "sep-2549-prompts-list-caching-hints": noPrompts,
    "sep-2549-resources-list-caching-hints": noResources,
    "sep-2549-resources-templates-list-caching-hints": noResources,
    "sep-2575-server-rejects-undeclared-capability":
      "A client that cannot ask its user is told where else a person can answer: no call needs the capability.",
    "sep-2575-missing-capability-http-400": "As above: there is no such refusal.",
    "tasks-lifecycle": noTasks,
    "tasks-capability-negotiation": noTasks,
    "tasks-wire-fields": noTasks,
    "tasks-request-state-removal": noTasks,
    "tasks-mrtr-input": noTasks,
    "tasks-request-headers": noTasks,
    "tasks-dispatch-and-envelope": noTasks,
    "tasks-required-task-error": noTasks,
    "tasks-mrtr-composition": noTasks,
  },
};

const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
const image: ToolContent = { type: "image", data: png, mediaType: "image/png" };
const wav = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=";
const said = (text: string): ToolContent => ({ type: "text", text });

function tool(name: string, run: ToolDefinition<object>["run"], inputSchema?: ToolInputSchema) {
  const description = "For the suite.";
  return defineTool({ name, description, input: z.looseObject({}), run, ...(inputSchema && { inputSchema }) });
}

/** With the words that a schema may have since 2020. */
const schemaOf2020: ToolInputSchema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  $defs: {
    address: {
      $anchor: "addressDef",
      type: "object",
      properties: { street: { type: "string" }, city: { type: "string" } },
    },
  },
  properties: {
    name: { type: "string" },
    address: { $ref: "#/$defs/address" },
    contactMethod: { type: "string", enum: ["phone", "email"] },
    phone: { type: "string" },
    email: { type: "string" },
  },
  allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
  if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
  // Not written as a field: an object with one of this name is taken for a promise.
  ...(JSON.parse('{ "then": { "required": ["phone"] } }') as object),
  else: { required: ["email"] },
  additionalProperties: false,
};

const tools = createToolbox(
  tool("test_simple_text", () => "This is a simple text response for testing."),
  tool("test_image_content", () => ({ content: [image], isError: false })),
  tool("test_audio_content", () => ({
    content: [{ type: "file", data: wav, mediaType: "audio/wav" }],
    isError: false,
  })),
  tool("test_embedded_resource", () => ({
    content: [{ type: "file", data: "aGk=", mediaType: "text/plain", filename: "hi.txt" }],
    isError: false,
  })),
  tool("test_multiple_content_types", () => ({
    content: [
      said("Multiple content types test:"),
      image,
      { type: "file", data: "e30=", mediaType: "application/json", filename: "data.json" },
    ],
    isError: false,
  })),
  tool("test_error_handling", () => ({
    content: [said("This tool intentionally returns an error for testing")],
    isError: true,
  })),
  tool("test_tool_with_progress", async (_input, { onUpdate }) => {
    for (const percent of ["0", "50", "100"]) {
      onUpdate?.({ content: [said(percent)], isError: false });
      await new Promise(setImmediate); // Until it is told: the latest replaces those before.
    }
    return "done";
  }),
  tool("test_logging_tool", () => "Nothing is logged."),
  tool("json_schema_2020_12_tool", () => "ok", schemaOf2020),
  tool("query_region", () => "ok", {
    type: "object",
    properties: { region: { type: "string", "x-mcp-header": "Region" }, query: { type: "string" } },
    required: ["region", "query"],
  }),
);

/** Asks for the approvals one after the other, and is done when it has them all. */
function asking(...ids: readonly string[]): QueryHandler {
  return ({ input }): readonly AgentOutput[] => {
    const [part] = input.findLast(({ type }) => type === "mcp_approval_response")?.content ?? [];
    const answered = part?.type === "data" ? ids.indexOf(String(part.data?.["approval_request_id"])) : -1;
    const id = ids[answered + 1];
    return id === undefined ? ["state-ok"] : [{ type: "approval.request", id, name: "go_on", arguments: {} }];
  };
}

const agents = {
  test_agent: () => ["Hello"],
  test_elicitation: asking("ask"),
  test_missing_capability: asking("ask"),
  test_streaming_elicitation: asking("ask"),
  test_input_required_result_elicitation: asking("user_name"),
  test_input_required_result_request_state: asking("confirm"),
  test_input_required_result_multi_round: asking("step1", "step2"),
  test_input_required_result_tampered_state: asking("confirm"),
  test_input_required_result_capabilities: asking("ask"),
};

/** The suite calls all of these but one without a message. */
const shown = Object.fromEntries(
  Object.keys(agents).map((agent) => [agent, { takesMessage: agent === "test_agent" || agent === "test_elicitation" }]),
);

const require = createRequire(import.meta.url);
const cli = require.resolve("@modelcontextprotocol/conformance/dist/index.js");

interface Check {
  readonly id: string;
  readonly status: string;
  readonly errorMessage?: string;
}

/** Runs the official suite as it is released, and returns the checks that failed, by scenario. */
async function failures(url: string, revision: string): Promise<Map<string, readonly Check[]>> {
  const out = await mkdtemp(join(tmpdir(), "mcp-conformance-"));
  try {
    const asked = ["server", "--url", url, "--requirements", revision, "-o", out];
    // It exits with 1 when a scenario fails, also one that does not apply.
    await new Promise((resolve) => execFile(process.execPath, [cli, ...asked], { timeout: 100_000 }, resolve));
    const found = new Map<string, readonly Check[]>();
    for (const folder of await readdir(out)) {
      const scenario = folder.replace(/^server-/, "").replace(/-\d{4}-\d\d-\d\dT.*$/, "");
      const checks = JSON.parse(await readFile(join(out, folder, "checks.json"), "utf8")) as readonly Check[];
      found.set(
        scenario,
        checks.filter(({ status }) => status === "FAILURE" || status === "WARNING"),
      );
    }
    return found;
  } finally {
    await rm(out, { recursive: true });
  }
}

describe.each(Object.entries(notApplicable))("the official conformance suite of %s", (revision, reasons) => {
  it("passes in every scenario that applies", async () => {
    const app = new AgentApp({ agents, gateways: [mcpGateway({ agents: shown, tools })] });
    await using server = await serve(app, { port: 0, closeOnSignals: false, drainMs: 100 });
    const found = await failures(`${server.url}/mcp`, revision);
    expect(found.size).toBeGreaterThan(30);
    const failed = [...found].flatMap(([scenario, checks]) => checks.map((check) => ({ scenario, ...check })));
    const unexpected = failed.filter(({ scenario, id }) => !(scenario in reasons || id in reasons));
    expect(unexpected.map(({ scenario, id, errorMessage }) => `${scenario}, ${id}: ${errorMessage}`)).toEqual([]);
    // What passes is no exception any more.
    const needed = Object.keys(reasons).filter((name) =>
      failed.some(({ scenario, id }) => scenario === name || id === name),
    );
    expect(needed).toEqual(Object.keys(reasons));
  }, 120_000);
});
