import { availableParallelism } from "node:os";

/** @type {import("jest").Config} */
export default {
  testEnvironment: "node",
  // Long enough for real processes and servers on a busy machine.
  testTimeout: 30_000,
  // Start no server: a test that needs a Postgres or a Redis asks for it.
  globalSetup: "<rootDir>/tooling/services/src/jest-setup.ts",
  globalTeardown: "<rootDir>/tooling/services/src/jest-teardown.ts",
  testMatch: ["<rootDir>/{packages,apps,tooling}/*/src/**/*.test.ts"],
  extensionsToTreatAsEsm: [".ts"],
  // Workspace packages are tested from source: no build before `jest`.
  testEnvironmentOptions: { customExportConditions: ["@agentscope-runtime/source", "node", "node-addons"] },
  transform: {
    "\\.ts$": [
      "@swc/jest",
      {
        jsc: { target: "es2024", parser: { syntax: "typescript" } },
        module: { type: "es6" },
        sourceMaps: "inline",
      },
    ],
  },
  // More than there are processors: many suites wait for services most of the time.
  maxWorkers: Math.ceil(availableParallelism() * 1.5),
  coverageProvider: "v8",
  coveragePathIgnorePatterns: ["/node_modules/", "/dist/", "/testing/"],
};
