/** The rules of the house that oxlint does not have. Written to ESLint's plugin interface. */
import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, relative, resolve, sep } from "node:path";
import { allowedFor } from "./doors.js";

const scope = "@agentscope-runtime/";
const root = resolve(import.meta.dirname, "../..");
const manifests = new Map();

/** Which package a file belongs to, and whether it is a test or a shipped test suite. */
function locate(filename) {
  const [kind, name, area, ...rest] = relative(root, filename).split(sep);
  if ((kind !== "packages" && kind !== "apps") || area !== "src") return undefined;
  const directory = resolve(root, kind, name);
  if (!manifests.has(directory)) {
    manifests.set(directory, JSON.parse(readFileSync(resolve(directory, "package.json"), "utf8")));
  }
  const test = filename.endsWith(".test.ts");
  return { kind, name, directory, manifest: manifests.get(directory), test, suite: rest.includes("testing") };
}

function aboutRelative(place, filename, specifier) {
  const target = resolve(dirname(filename), specifier);
  return target.startsWith(place.directory + sep) ? undefined : "Import the package by its name.";
}

/** Tests may import what devDependencies name; what is shipped may not, not even for a type. */
function aboutManifest({ manifest, test }, wanted) {
  const { name, dependencies, peerDependencies, devDependencies } = manifest;
  const declared = { [name]: "", ...dependencies, ...peerDependencies, ...(test ? devDependencies : {}) };
  if (wanted in declared) return undefined;
  return `${wanted} is not among the ${test ? "dependencies" : "dependencies or peerDependencies"} of ${name}.`;
}

function aboutDoor({ kind, name, test, suite }, specifier, target) {
  if (test) return undefined;
  if (specifier.endsWith("/testing") && !suite) return "Only tests import a testing entry.";
  const doors = allowedFor(name);
  if (kind === "apps" || doors === "any" || target === name || doors.includes(target)) return undefined;
  return `packages/${name} may import ${doors.join(", ") || "no other package"}.`;
}

/** What is wrong with an import, or undefined. */
function complaint(place, filename, specifier) {
  if (specifier.startsWith(".")) return aboutRelative(place, filename, specifier);
  if (isBuiltin(specifier)) return specifier.startsWith("node:") ? undefined : `Write node:${specifier}.`;
  const wanted = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
  const undeclared = aboutManifest(place, wanted);
  if (undeclared !== undefined || !wanted.startsWith(scope)) return undeclared;
  return aboutDoor(place, specifier, wanted.slice(scope.length));
}

const doors = {
  meta: { type: "problem" },
  create(context) {
    const place = locate(context.filename);
    if (place === undefined) return {};
    const check = ({ source }) => {
      if (typeof source?.value !== "string") return;
      const message = complaint(place, context.filename, source.value);
      if (message !== undefined) context.report({ node: source, message });
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
      TSImportType: check,
    };
  },
};

/** `export * from` hides what a module offers; `export * as name from` does not. */
const noExportStar = {
  meta: { type: "problem" },
  create: (context) => ({
    ExportAllDeclaration(node) {
      if (node.exported === null) context.report({ node, message: "List what a module exports by name." });
    },
  }),
};

export default { meta: { name: "house" }, rules: { doors, "no-export-star": noExportStar } };
