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
  // One more than there are processors on small machines: many suites wait for services most of the time.
  maxWorkers: "150%",
  coverageProvider: "v8",
  coveragePathIgnorePatterns: ["/node_modules/", "/dist/", "/testing/"],
};
