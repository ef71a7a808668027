import { extractSnippets } from "./extract-snippets.ts";

const page = "docs/page.md";

function textsOf(markdown: string): string[] {
  return extractSnippets(page, markdown).map(({ lines }) => lines.map(({ text }) => text).join("\n"));
}

describe("extractSnippets", () => {
  it("finds the TypeScript of a page, and where each line stands in it", () => {
    const markdown = ["# Title", "```ts", "const a = 1;", "", "export { a };", "```", "text"].join("\n");
    expect(extractSnippets(page, markdown)).toEqual([
      {
        page,
        line: 2,
        lines: [
          { text: "const a = 1;", line: 3 },
          { text: "", line: 4 },
          { text: "export { a };", line: 5 },
        ],
      },
    ]);
  });

  it("leaves blocks of other languages out, and those of none", () => {
    expect(textsOf("```sh\nls\n```\n\n```\nplain\n```\n\n```tsx\n<b/>\n```\n\n```ts\nhere;\n```\n")).toEqual(["here;"]);
  });

  it("takes the long name of the language, and what follows the name", () => {
    expect(textsOf('```typescript\none;\n```\n\n```ts title="agent.ts"\ntwo;\n```\n')).toEqual(["one;", "two;"]);
  });

  it("takes TypeScript that is shown inside of a longer fence for text", () => {
    expect(textsOf("````md\n```ts\nshown;\n```\n````\n\n~~~md\n```ts\nshown;\n```\n~~~\n")).toEqual([]);
  });

  it("does not end a block at a shorter fence, nor at one of the other sign", () => {
    expect(textsOf("````ts\n```\n~~~~\n````\n")).toEqual(["```\n~~~~"]);
  });

  it("takes a block inside of a list without its indent", () => {
    expect(textsOf("1. First\n\n   ```ts\n   if (true) {\n     run();\n   }\n   ```\n")).toEqual([
      "if (true) {\n  run();\n}",
    ]);
  });

  it("reads pages with Windows line ends", () => {
    expect(textsOf("```ts\r\none;\r\ntwo;\r\n```\r\n")).toEqual(["one;\ntwo;"]);
  });

  it("ends a block that nobody closed at the end of the page", () => {
    expect(textsOf("```ts\nopen;")).toEqual(["open;"]);
  });

  it("adds a block that continues to the one before it, with its own lines", () => {
    const markdown = "```ts\nconst a = 1;\n```\n\n```ts\n// continues\nconst b = a;\n```\n\n```ts\nconst c = 1;\n```\n";
    const [first, second] = extractSnippets(page, markdown);
    expect(first).toEqual({
      page,
      line: 1,
      lines: [
        { text: "const a = 1;", line: 2 },
        { text: "// continues", line: 6 },
        { text: "const b = a;", line: 7 },
      ],
    });
    expect(second?.line).toBe(10);
  });

  it("refuses a block that continues nothing, and says where it is", () => {
    expect(() => extractSnippets(page, "\n```ts\n// continues\n```\n")).toThrow("docs/page.md:2 This block continues");
  });

  it("finds nothing on a page without TypeScript", () => {
    expect(extractSnippets(page, "")).toEqual([]);
  });
});
