/** Which package may open a door to which. Anything not listed is forbidden; `*` stands for one name. */
const doors = {
  protocol: [],
  services: ["protocol"],
  client: ["protocol"],
  tools: ["protocol"],
  core: ["services", "protocol"],
  express: ["core", "protocol"],
  otel: ["core", "protocol"],
  sandbox: ["tools", "core", "services", "protocol"],
  deployer: ["core", "services", "protocol"],
  console: ["client", "core", "protocol"],
  "services-*": ["services", "protocol"],
  "sandbox-box": ["sandbox", "core", "services", "protocol", "express"],
  "sandbox-*": ["sandbox", "core", "services", "protocol"],
  "tools-*": ["tools", "services", "protocol"],
  "gateway-*": ["core", "services", "tools", "protocol"],
  "adapter-*": ["tools", "core", "services", "protocol"],
  "deployer-*": ["deployer", "core", "services", "protocol"],
};

/** The packages that `name` may import: "any" for the CLI; none for a package that is missing from the table. */
export function allowedFor(name) {
  if (name === "cli") return "any";
  const family = `${name.split("-", 1)[0]}-*`;
  return doors[name] ?? doors[family] ?? [];
}
