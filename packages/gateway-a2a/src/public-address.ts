import { BlockList, isIP } from "node:net";

/** What is not on the public internet: this machine, private networks, links, carriers, documentation, multicast. */
const notPublic = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
  ["::", 127],
  ["64:ff9b::", 96],
  ["64:ff9b:1::", 48],
  ["100::", 64],
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
  ["5f00::", 16],
  ["fc00::", 7],
  ["fe80::", 9],
  ["ff00::", 8],
] as const;

/** Whether an address is one that anybody on the internet could have given; an IPv4 one in IPv6 is judged as IPv4. */
export function publicAddresses(): (address: string) => boolean {
  const blocked = new BlockList();
  for (const [network, prefix] of notPublic) blocked.addSubnet(network, prefix, family(network));
  return (address) => isIP(address) !== 0 && !blocked.check(address, family(address));
}

function family(address: string): "ipv4" | "ipv6" {
  return address.includes(":") ? "ipv6" : "ipv4";
}
