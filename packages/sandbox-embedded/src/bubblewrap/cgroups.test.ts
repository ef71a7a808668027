import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseCgroupPlaces } from "./cgroup-places.ts";
import { Cgroups } from "./cgroups.ts";

const root = mkdtempSync(join(tmpdir(), "cgroups-test-"));
afterAll(() => {
  rmSync(root, { recursive: true });
});

it("finds the places of version 1, each controller in its own tree, below the group that we are in", () => {
  const groups = "9:name=systemd:/\n8:pids:/\n4:memory:/jobs/7\n3:cpu,cpuacct:/jobs\n0::/\n";
  const mounts = [
    "30 29 0:26 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory",
    "31 29 0:27 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids",
    "32 29 0:28 /jobs /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct",
    "33 29 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw",
  ].join("\n");
  expect(parseCgroupPlaces(groups, mounts)).toEqual({
    version: 1,
    directories: {
      memory: "/sys/fs/cgroup/memory/jobs/7",
      pids: "/sys/fs/cgroup/pids",
      cpu: "/sys/fs/cgroup/cpu,cpuacct",
    },
  });
});

it("finds the one place of version 2, and nothing where there is none", () => {
  const mounts = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate";
  expect(parseCgroupPlaces("0::/user.slice/app.scope\n", mounts)).toMatchObject({
    version: 2,
    directories: { memory: "/sys/fs/cgroup/user.slice/app.scope" },
    top: "/sys/fs/cgroup",
  });
  expect(parseCgroupPlaces("0::/\n", "")).toBeUndefined();
  expect(parseCgroupPlaces("0::/elsewhere\n", mounts.replace(" / ", " /here "))).toBeUndefined();
});

// Plain directories stand for the kernel's: this shows what is written where, not what the kernel does with it.
it("writes version 2's limits into files of version 2", () => {
  const directories = { memory: root, pids: root, cpu: root, freezer: root };
  const cgroups = Cgroups.open({ version: 2, directories, top: root });
  expect(["memory", "pids", "cpu", "freezer"].map((name) => cgroups.has(name as "cpu"))).toEqual(Array(4).fill(true));
  const box = cgroups.make("box", { memoryBytes: 1000.5, processes: 64, cpus: 0.5 });
  const read = (file: string): string => readFileSync(join(root, "agentscope-box", file), "utf8");
  expect(["memory.max", "pids.max", "cpu.max"].map(read)).toEqual(["1000", "64", "50000 100000"]);
  box.setFrozen(true);
  expect(read("cgroup.freeze")).toBe("1");
  writeFileSync(join(root, "agentscope-box", "memory.events"), "low 0\noom 3\noom_kill 2\noom_group_kill 0\n");
  expect(box.memoryKills()).toBe(2);
});

it("has a shell move itself into each group of version 1, and the processes of version 2 moved", () => {
  const [memory = "", pids = ""] = ["it's memory", "pids"].map((name) => join(root, name));
  for (const directory of [memory, pids]) mkdirSync(directory);
  const box = Cgroups.open({ version: 1, directories: { memory, pids } }).make("box", {});
  const files = [memory, pids].map((directory) => join(directory, "agentscope-box", "tasks"));
  for (const file of files) writeFileSync(file, ""); // The kernel's own are there at once.
  const said = execFileSync("/bin/sh", ["-c", `${box.letJoin(undefined)}echo joined`], { encoding: "utf8" });
  expect([said, ...files.map((file) => readFileSync(file, "utf8"))]).toEqual(["joined\n", "0\n", "0\n"]);
  const directories = { memory: root };
  expect(Cgroups.open({ version: 2, directories, top: root }).get("box").letJoin(undefined)).toBeUndefined();
});

it("has nothing where nothing may be written", async () => {
  const cgroups = Cgroups.open({ version: 1, directories: { memory: "/proc/nowhere" } });
  expect(cgroups.has("memory")).toBe(false);
  await cgroups.make("box", { memoryBytes: 1 }).add(1); // Which does nothing.
});
