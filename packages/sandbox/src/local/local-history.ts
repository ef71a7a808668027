import { RuntimeError } from "@agentscope-runtime/protocol";
import type { CallOptions } from "@agentscope-runtime/services";
import { collectOutput } from "../exec.ts";
import type { CommandResult } from "../exec.ts";
import type { SandboxHistory, WorkspaceCommit, WorkspaceDiffOptions } from "../sandbox-history.ts";
import { execLocally } from "./exec-locally.ts";
import type { LocalPlace } from "./exec-locally.ts";
import { unfinishedPrefix } from "./unfinished-prefix.ts";

/** Larger diffs are of no use to anyone. */
const maxDiffBytes = 16 * 1024 * 1024;
const timeoutMs = 120_000;
const mostCommits = 1_000;
const notThere = 64;
const noGit = 65;

/** Files are recorded as they are, whatever the workspace's own attributes and repositories say; nothing of theirs is run. */
const prepare = `
command -v git >/dev/null 2>&1 || exit ${noGit}
if [ ! -f "$GIT_DIR/HEAD" ]; then
  git init -q || exit
  mkdir -p "$GIT_DIR/info"
  echo '* -text -ident -filter -working-tree-encoding' >"$GIT_DIR/info/attributes"
fi
`;
const stage = `
git ls-files -z --deleted | git update-index -z --remove --stdin || exit
find . -name .git -prune -o -name '${unfinishedPrefix}*' -o \\( -type f -o -type l \\) -print0 |
  git update-index -z --add --replace --remove --stdin || exit
`;
const format = "--format=%H%n%ct%n%B%x00";
const commitScript = `${prepare}${stage}
tree=$(git write-tree) || exit
parent=$(git rev-parse -q --verify HEAD) && [ "$(git rev-parse 'HEAD^{tree}')" = "$tree" ] && exit
commit=$(git commit-tree "$tree" \${parent:+-p "$parent"} -F -) || exit
git update-ref HEAD "$commit" && git log -1 ${format} "$commit"
`;
/** An empty \`from\` is the latest commit, an empty \`to\` the files as they are. */
const diffScript = `${prepare}
for commit in "$1" "$2"; do
  [ -z "$commit" ] || git cat-file -e "$commit^{commit}" 2>/dev/null || { echo "$commit"; exit ${notThere}; }
done
from=$1
[ -n "$from" ] || from=$(git rev-parse -q --verify HEAD) || from=$(git hash-object -t tree /dev/null)
if [ -n "$2" ]; then git diff --no-ext-diff --no-textconv "$from" "$2"
else ${stage} git diff --cached --no-ext-diff --no-textconv "$from"; fi
`;
const logScript = `${prepare}
git rev-parse -q --verify HEAD >/dev/null || exit 0
git log -${mostCommits} ${format}
`;

/** Git, with its own directory beside the workspace. It runs where the sandbox's processes run. */
export class LocalHistory implements SandboxHistory {
  readonly #place: LocalPlace;
  readonly #env: Readonly<Record<string, string>>;
  #last: Promise<unknown> = Promise.resolve();

  /** @param directory - as processes see it; made when it is first needed */
  constructor(place: LocalPlace, directory: string) {
    this.#place = place;
    const name = "sandbox";
    const email = "sandbox@localhost";
    this.#env = {
      GIT_DIR: directory,
      GIT_WORK_TREE: place.workspacePath,
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_AUTHOR_NAME: name,
      GIT_AUTHOR_EMAIL: email,
      GIT_COMMITTER_NAME: name,
      GIT_COMMITTER_EMAIL: email,
    };
  }

  async commit(message: string, options?: CallOptions): Promise<WorkspaceCommit | undefined> {
    return parseCommits(await this.#git(commitScript, [], { ...options, stdin: message }))[0];
  }

  async diff({ from = "", to = "", ...options }: WorkspaceDiffOptions = {}): Promise<string> {
    for (const commit of [from, to]) if (commit !== "" && !/^[0-9a-f]{4,64}$/.test(commit)) throw noCommit(commit);
    return this.#git(diffScript, [from, to], options);
  }

  async log(options?: CallOptions): Promise<readonly WorkspaceCommit[]> {
    return parseCommits(await this.#git(logScript, [], { ...options }));
  }

  /** One after the other: they share an index. */
  async #git(script: string, words: readonly string[], options: CallOptions & { stdin?: string }): Promise<string> {
    this.#place.lifetime.assertOpen(options);
    const turn = this.#last.then(async () =>
      collectOutput(
        execLocally(this.#place, ["/bin/sh", "-c", script, "sh", ...words], {
          ...options,
          env: this.#env,
          timeoutMs,
          maxOutputBytes: maxDiffBytes,
        }),
      ),
    );
    this.#last = turn.catch(() => undefined);
    return outputOf(await turn, words);
  }
}

function outputOf({ stdout, stderr, exitCode, stopped }: CommandResult, words: readonly string[]): string {
  if (stopped === "output_limit") {
    throw new RuntimeError("payload_too_large", `The diff is larger than ${maxDiffBytes} bytes.`);
  }
  if (stopped === "timeout") {
    throw new RuntimeError("deadline_exceeded", `The history took longer than ${timeoutMs} ms.`);
  }
  if (exitCode === notThere) throw noCommit(stdout.trim() || words.join(" "));
  if (exitCode === noGit) {
    throw new RuntimeError("unimplemented", "history: there is no git in this sandbox; install it.");
  }
  if (exitCode === 0) return stdout;
  const last = stderr.trim().split("\n").at(-1) ?? "";
  throw new RuntimeError(
    "unavailable",
    `The workspace's history cannot be used: ${last || `git ended with ${exitCode}`}.`,
  );
}

function parseCommits(text: string): readonly WorkspaceCommit[] {
  return text
    .split("\0")
    .map((entry) => entry.replace(/^\n/, ""))
    .filter((entry) => entry !== "")
    .map((entry) => {
      const [id = "", seconds = "", ...message] = entry.split("\n");
      return { id, committedAt: Number(seconds) * 1000, message: message.join("\n").replace(/\n$/, "") };
    });
}

function noCommit(commit: string): RuntimeError {
  return new RuntimeError("not_found", `There is no commit ${JSON.stringify(commit)} in the workspace's history.`);
}
