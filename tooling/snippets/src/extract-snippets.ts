/** A line of a snippet. */
interface SnippetLine {
  readonly text: string;
  /** Where it stands in its page, from 1. */
  readonly line: number;
}

/** TypeScript of a page that has to compile by itself. */
export interface Snippet {
  /** The page's path. */
  readonly page: string;
  /** The line of the page that its first fence is on, from 1. */
  readonly line: number;
  /** All of its blocks, one after another. */
  readonly lines: readonly SnippetLine[];
}

interface Block {
  readonly line: number;
  readonly lines: SnippetLine[];
}

interface Fence {
  readonly indent: number;
  /** What opened it: only as many of the same sign, or more, close it. */
  readonly mark: string;
  readonly typescript: boolean;
}

const opening = /^( *)(`{3,}|~{3,}) *([^\s`]*)[^`]*$/;
const closing = /^ *(`{3,}|~{3,}) *$/;
const continues = /^\/\/ continues\b/;

/**
 * The `ts` blocks of a Markdown page. A block that begins with the comment `// continues` is added to the one before it.
 * Throws when there is none.
 */
export function extractSnippets(page: string, markdown: string): Snippet[] {
  const snippets: (Snippet & Block)[] = [];
  let fence: Fence | undefined;
  let block: Block | undefined;
  for (const [index, text] of markdown.split(/\r?\n/).entries()) {
    const line = index + 1;
    if (fence === undefined) {
      fence = fenceOf(text);
      block = fence?.typescript === true ? { line, lines: [] } : undefined;
    } else if (closes(text, fence)) {
      if (block !== undefined) add(block);
      fence = undefined;
      block = undefined;
    } else {
      block?.lines.push({ text: withoutIndent(text, fence.indent), line });
    }
  }
  if (block !== undefined) add(block);
  return snippets;

  function add({ line, lines }: Block): void {
    if (!continues.test(lines[0]?.text ?? "")) {
      snippets.push({ page, line, lines });
      return;
    }
    const before = snippets.at(-1);
    if (before === undefined) throw new Error(`${page}:${line} This block continues nothing.`);
    before.lines.push(...lines);
  }
}

function fenceOf(text: string): Fence | undefined {
  const [, indent, mark, language] = opening.exec(text) ?? [];
  if (indent === undefined || mark === undefined) return undefined;
  return { indent: indent.length, mark, typescript: language === "ts" || language === "typescript" };
}

function closes(text: string, { mark }: Fence): boolean {
  return closing.exec(text)?.[1]?.startsWith(mark) === true;
}

/** A fence inside of a list is indented, and its lines with it. */
function withoutIndent(text: string, indent: number): string {
  return text.replace(new RegExp(`^ {0,${indent}}`), "");
}
