import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FilesystemSandbox } from "@agentscope-runtime/sandbox";
import type { McpToolResult } from "@agentscope-runtime/sandbox";
import { openLocalSandbox } from "@agentscope-runtime/sandbox/local";
import { filesystemTools } from "./filesystem-tools.ts";

async function openFiles() {
  const root = await mkdtemp(join(tmpdir(), "filesystem-tools-"));
  const sandbox = await openLocalSandbox({
    id: "box",
    type: "filesystem",
    root,
    tools: (files) => filesystemTools(files, root),
  });
  await sandbox.files.write("src/a.ts", "one\ntwo\nthree\n");
  await sandbox.files.write("src/deep/b.ts", "b");
  await sandbox.files.write("notes.md", "# Notes");
  return {
    root,
    files: new FilesystemSandbox(sandbox),
    text: async (path: string) => sandbox.files.readText(path),
    [Symbol.asyncDispose]: async () => {
      await sandbox[Symbol.asyncDispose]();
      await rm(root, { recursive: true, force: true });
    },
  };
}

function textOf({ content, isError }: McpToolResult): string {
  return `${isError ? "error: " : ""}${content.map((part) => String(part["text"])).join("\n")}`;
}

it("reads, writes and lists", async () => {
  await using opened = await openFiles();
  const { files, root } = opened;
  expect(textOf(await files.readFile("src/a.ts"))).toBe("one\ntwo\nthree\n");
  expect(textOf(await files.writeFile("new/c.txt", "你好"))).toContain("6 bytes");
  expect(textOf(await files.readMultipleFiles(["new/c.txt", "gone.txt"]))).toMatch(/你好[^]*gone\.txt: /);
  expect(textOf(await files.listDirectory("."))).toBe("[DIR] new\n[FILE] notes.md\n[DIR] src");
  expect(textOf(await files.createDirectory("empty/below"))).toContain("Made");
  expect(textOf(await files.listAllowedDirectories())).toBe(root);
  expect(textOf(await files.getFileInfo("notes.md"))).toMatch(/type: file[^]*size: 7/);
});

it("edits what stands there once, shows the difference, and can only look", async () => {
  await using opened = await openFiles();
  const { files, text } = opened;
  const edits = [
    { oldText: "two", newText: "2" },
    { oldText: "three", newText: "$& 3" },
  ];
  expect(textOf(await files.editFile("src/a.ts", edits, { dryRun: true }))).toMatch(/-two\n-three\n\+2\n\+\$& 3/);
  expect(await text("src/a.ts")).toBe("one\ntwo\nthree\n");
  await files.editFile("src/a.ts", edits);
  expect(await text("src/a.ts")).toBe("one\n2\n$& 3\n");
  expect(textOf(await files.editFile("src/a.ts", [{ oldText: "nine", newText: "9" }]))).toMatch(
    /^error: .*does not stand/,
  );
  expect(textOf(await files.editFile("src/a.ts", [{ oldText: "n", newText: "N" }]))).not.toMatch(/^error/);
  await files.writeFile("twice", "x x");
  expect(textOf(await files.editFile("twice", [{ oldText: "x", newText: "y" }]))).toMatch(/^error: .*more than once/);
});

it("shows the tree, and finds by name and by pattern", async () => {
  await using opened = await openFiles();
  const { files, root } = opened;
  expect(JSON.parse(textOf(await files.directoryTree(".")))).toEqual([
    { name: "notes.md", type: "file" },
    {
      name: "src",
      type: "directory",
      children: [
        { name: "a.ts", type: "file" },
        { name: "deep", type: "directory", children: [{ name: "b.ts", type: "file" }] },
      ],
    },
  ]);
  expect(textOf(await files.searchFiles(".", "**/*.ts"))).toBe(`${root}/src/a.ts\n${root}/src/deep/b.ts`);
  expect(textOf(await files.searchFiles(".", "*.ts", { excludePatterns: ["deep"] }))).toContain("a.ts");
  expect(textOf(await files.searchFiles("src", "B"))).toBe(`${root}/src/deep/b.ts`);
  expect(textOf(await files.searchFiles(".", "nothing"))).toBe("Nothing was found.");
});

it("moves, and never over something", async () => {
  await using opened = await openFiles();
  const { files, text } = opened;
  await files.moveFile("notes.md", "docs/notes.md");
  expect(await text("docs/notes.md")).toBe("# Notes");
  expect(textOf(await files.moveFile("src/a.ts", "docs/notes.md"))).toMatch(/^error: destination/);
});

it.each(["../outside", "/etc/passwd", "link/hosts"])("refuses %s", async (path) => {
  await using opened = await openFiles();
  await symlink("/etc", join(opened.root, "link"));
  expect(textOf(await opened.files.readFile(path))).toMatch(/^error: /);
  expect(textOf(await opened.files.writeFile(path, "x"))).toMatch(/^error: /);
});
