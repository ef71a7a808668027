import { baseSandboxType, resolveSandboxSpec } from "./index.ts";

const type = { ...baseSandboxType, environment: { COLOR: "blue", SIZE: "1" }, egress: [{ host: "pypi.org" }] };

it("takes the type's values where a spec says nothing", () => {
  expect(resolveSandboxSpec({ type })).toEqual({
    type,
    limits: baseSandboxType.limits,
    environment: { COLOR: "blue", SIZE: "1" },
    egress: [{ host: "pypi.org", ports: [80, 443] }],
    ttlMs: 3_600_000,
    snapshot: undefined,
    labels: {},
  });
});

it("changes what a spec says, and nothing else", () => {
  const spec = { type, limits: { cpus: 0.5 }, environment: { SIZE: "2" }, egress: [], ttlMs: 1000 };
  expect(resolveSandboxSpec(spec)).toMatchObject({
    limits: { ...baseSandboxType.limits, cpus: 0.5 },
    environment: { COLOR: "blue", SIZE: "2" },
    egress: [],
    ttlMs: 1000,
  });
});

it.each([
  ["type.name", { type: { ...type, name: "../x" } }],
  ["limits.memoryBytes", { limits: { memoryBytes: 0 } }],
  ["limits.cpus", { limits: { cpus: -1 } }],
  ["environment", { environment: { "a=b": "" } }],
  ["environment.A", { environment: { A: "\0" } }],
  ["egress.0.host", { egress: [{ host: "http://x" }] }],
  ["egress.0.host", { egress: [{ host: "*" }] }],
  ["egress.0.ports.0", { egress: [{ host: "x.com", ports: [0] }] }],
  ["ttlMs", { ttlMs: 0 }],
])("refuses a wrong %s, and names it", (field, wrong) => {
  expect(() => resolveSandboxSpec({ type, ...wrong })).toThrow(field);
});
