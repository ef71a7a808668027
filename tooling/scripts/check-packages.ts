// Every package has the same shape. Says what is missing; exits 1 if anything is.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { allowedFor } from "../oxlint/doors.js";

interface Manifest {
  readonly name?: string;
  readonly sideEffects?: boolean;
  readonly engines?: { readonly node?: string };
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const scope = "@agentscope-runtime/";
const root = new URL("../../packages/", import.meta.url);
const required = ["README.md", "package.json", "tsconfig.build.json", "src/index.ts"];
const kebabCase = /^([a-z0-9]+(-[a-z0-9]+)*\/)*[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.ts$/;
const problems: string[] = [];

const ours = (dependencies: Readonly<Record<string, string>> = {}): string[] =>
  Object.keys(dependencies).filter((name) => name.startsWith(scope));

/** The packages of our own that a package's manifest asks for must be behind open doors. */
function checkManifest(name: string, manifest: Manifest, complain: (what: string) => void): void {
  if (manifest.name !== scope + name) complain(`is named ${manifest.name ?? "nothing"}`);
  if (manifest.sideEffects !== false) complain("does not say sideEffects: false");
  if (manifest.engines?.node !== ">=22.19") complain("does not say engines.node >=22.19");
  for (const dependency of ours(manifest.peerDependencies)) complain(`has ${dependency} as a peer; use dependencies`);
  for (const dependency of ours(manifest.dependencies)) {
    const allowed = allowedFor(name);
    if (allowed !== "any" && !allowed.includes(dependency.slice(scope.length)))
      complain(`may not depend on ${dependency}`);
  }
}

for (const name of readdirSync(root)) {
  const at = (path: string): URL => new URL(`${name}/${path}`, root);
  const complain = (what: string): void => {
    problems.push(`packages/${name}: ${what}`);
  };

  for (const file of required) if (!existsSync(at(file))) complain(`has no ${file}`);
  if (!existsSync(at("package.json"))) continue;
  checkManifest(name, JSON.parse(readFileSync(at("package.json"), "utf8")) as Manifest, complain);

  const files = readdirSync(at("src"), { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  for (const file of files) if (!kebabCase.test(file)) complain(`src/${file} is not kebab-case`);

  // A backend runs the suite of the contract it implements.
  if (/^(services|sandbox|deployer)-/.test(name) && name !== "sandbox-box") {
    const tests = files.filter((file) => file.endsWith(".test.ts"));
    const runsSuite = tests.some((file) => readFileSync(at(`src/${file}`), "utf8").includes("describeContract("));
    if (!runsSuite) complain("runs no contract suite");
  }
}

for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
