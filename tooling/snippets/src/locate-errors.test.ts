import { extractSnippets } from "./extract-snippets.ts";
import { locateErrors } from "./locate-errors.ts";

const [snippet] = extractSnippets("docs/page.md", "\n```ts\none;\n```\n\n```ts\n// continues\ntwo;\n```\n");
const snippets = new Map(snippet === undefined ? [] : [["docs/page.md-2.ts", snippet]]);

describe("locateErrors", () => {
  it("says where in the page an error is, also in a block that continues another", () => {
    const output = "docs/page.md-2.ts(1,3): error TS1: First.\ndocs/page.md-2.ts(3,1): error TS2: Second.\n";
    expect(locateErrors(output, snippets)).toBe(
      "docs/page.md:3:3 error TS1: First.\ndocs/page.md:8:1 error TS2: Second.\n",
    );
  });

  it("points an error behind the end at the last line", () => {
    expect(locateErrors("docs/page.md-2.ts(9,1): error TS1005: '}' expected.", snippets)).toBe(
      "docs/page.md:8:1 error TS1005: '}' expected.",
    );
  });

  it("leaves everything else as it is: details of an error, and errors of our own sources", () => {
    const output = "  Type 'string' is not a number.\r\n../../../packages/core/src/a.ts(1,1): error TS1: Ours.";
    expect(locateErrors(output, snippets)).toBe(output.replace("\r", ""));
  });
});
