import type { SandboxContract } from "./sandbox-contract.ts";

/** What it means to keep a history of the workspace. */
export const historyPromises: SandboxContract = {
  "records what has changed, and nothing when nothing has": async ({ files, history }) => {
    await files.write("a.txt", "one\n");
    const first = await history.commit("first: é");
    expect(first).toMatchObject({ message: "first: é" });
    expect(await history.commit("again")).toBeUndefined();
    await files.write("a.txt", "two\n");
    const second = await history.commit("second");
    expect((await history.log()).slice(0, 2)).toEqual([second, first]);
  },

  "says what has changed since, and between": async ({ files, history }) => {
    await files.write("a.txt", "one\n");
    const first = await history.commit("first");
    expect(await history.diff()).toBe("");
    await files.write("a.txt", "two\n");
    await files.write("new.txt", "new\n");
    const diff = await history.diff();
    expect(diff).toContain("-one\n+two\n");
    expect(diff).toContain("+new\n");
    const second = await history.commit("second");
    expect(await history.diff({ from: first?.id ?? "", to: second?.id ?? "" })).toContain("-one\n+two\n");
  },

  "refuses commits that are not there": async ({ history }) => {
    await expect(history.diff({ from: "0123456789abcdef" })).rejects.toMatchObject({ code: "not_found" });
    await expect(history.diff({ from: "--output=/tmp/x" })).rejects.toMatchObject({ code: "not_found" });
  },

  "leaves a repository of the user's alone": async (sandbox) => {
    const git = "git -c user.name=u -c user.email=u@example.com";
    await sandbox.runShellCommand(`git init -q . && echo 1 >a && ${git} add a && ${git} commit -qm mine`);
    await sandbox.files.write("b", "2");
    await sandbox.history.commit("ours");
    expect((await sandbox.runShellCommand("git log --format=%s; git status --short")).stdout).toBe("mine\n?? b\n");
  },
};
