import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { EgressRules } from "./egress-proxy.ts";

/** Asks for a name's addresses. */
export type ResolveHost = (host: string) => Promise<readonly string[]>;

const ofTheSystem: ResolveHost = async (host) => (await lookup(host, { all: true })).map(({ address }) => address);

/** Not the internet: this machine, its network, the cloud's metadata service, and addresses with special meanings. */
const inside = new BlockList();
for (const range of [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/3",
]) {
  const [address = "", bits] = range.split("/");
  inside.addSubnet(address, Number(bits), "ipv4");
}
/** The internet of IPv6 is one range; these parts of it lead back to IPv4 or to nowhere. */
const internet = new BlockList();
internet.addSubnet("2000::", 3, "ipv6");
for (const range of ["2001::/23", "2001:db8::/32", "2002::/16"]) {
  const [address = "", bits] = range.split("/");
  inside.addSubnet(address, Number(bits), "ipv6");
}

/** Whether an address is on the internet, and not on this machine or its network. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 4) return !inside.check(address, "ipv4");
  return isIP(address) === 6 && internet.check(address, "ipv6") && !inside.check(address, "ipv6");
}

/**
 * The address to connect to, or `permission_denied`. A name must be in a rule; an address that is not on the internet must be in a
 * rule itself, so that no name, whoever answers for it, leads to this machine or its network.
 */
export async function resolveEgress(
  { host, port }: { readonly host: string; readonly port: number },
  rules: EgressRules,
  resolveHost: ResolveHost = ofTheSystem,
): Promise<string> {
  const names = (name: string): boolean => rules.some((rule) => matches(rule.host, name) && rule.ports.includes(port));
  if (!names(host)) {
    throw new RuntimeError("permission_denied", `${host}:${port} is not among the hosts that this sandbox may reach.`);
  }
  const addresses = isIP(host) > 0 ? [host] : await ask(host, resolveHost);
  const address = addresses.find((candidate) => isPublicAddress(candidate) || names(candidate));
  if (address !== undefined) return address;
  throw new RuntimeError(
    "permission_denied",
    `${host} is at ${addresses.join(", ")}, which is not on the internet. To allow it, allow the address too.`,
  );
}

async function ask(host: string, resolveHost: ResolveHost): Promise<readonly string[]> {
  try {
    return await resolveHost(host);
  } catch (thrown) {
    throw new RuntimeError("unavailable", `${host} has no address.`, { cause: thrown });
  }
}

function matches(rule: string, host: string): boolean {
  const wanted = rule.toLowerCase();
  return wanted.startsWith("*.") ? host.endsWith(wanted.slice(1)) && host.length > wanted.length - 1 : host === wanted;
}
