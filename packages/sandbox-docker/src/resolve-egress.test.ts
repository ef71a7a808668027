import { isPublicAddress, resolveEgress } from "./resolve-egress.ts";

const rules = [
  { host: "example.com", ports: [443] },
  { host: "*.example.org", ports: [80, 443] },
  { host: "intranet.example.net", ports: [443] },
  { host: "10.0.0.5", ports: [443] },
];
const at =
  (...addresses: readonly string[]) =>
  async (): Promise<readonly string[]> =>
    addresses;

it("answers with the address of a host that a rule names", async () => {
  await expect(resolveEgress({ host: "example.com", port: 443 }, rules, at("1.1.1.1"))).resolves.toBe("1.1.1.1");
  await expect(resolveEgress({ host: "a.b.example.org", port: 80 }, rules, at("1.1.1.1"))).resolves.toBe("1.1.1.1");
});

it.each([
  ["another host", "example.net", 443],
  ["another port", "example.com", 80],
  ["a host above the star", "example.org", 443],
  ["a host that only ends like one", "notexample.org", 443],
  ["a host that only begins like one", "example.com.evil.net", 443],
  ["an address", "1.1.1.1", 443],
])("refuses %s", async (_, host, port) => {
  await expect(resolveEgress({ host, port }, rules, at("1.1.1.1"))).rejects.toMatchObject({
    code: "permission_denied",
    message: expect.stringContaining(host) as string,
  });
});

it("refuses a name that leads to this machine or its network, whoever answers for it", async () => {
  for (const address of ["127.0.0.1", "10.0.0.6", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fd00::1"]) {
    await expect(resolveEgress({ host: "example.com", port: 443 }, rules, at(address))).rejects.toMatchObject({
      code: "permission_denied",
      message: expect.stringContaining(address) as string,
    });
  }
});

it("takes the address on the internet when a name has one of each", async () => {
  const both = at("127.0.0.1", "1.1.1.1");
  await expect(resolveEgress({ host: "example.com", port: 443 }, rules, both)).resolves.toBe("1.1.1.1");
});

it("lets an address through that a rule names itself, also behind a name", async () => {
  const inside = at("10.0.0.5");
  await expect(resolveEgress({ host: "10.0.0.5", port: 443 }, rules, inside)).resolves.toBe("10.0.0.5");
  await expect(resolveEgress({ host: "intranet.example.net", port: 443 }, rules, inside)).resolves.toBe("10.0.0.5");
});

it("says that a name has no address", async () => {
  const nowhere = (): Promise<never> => Promise.reject(new Error("ENOTFOUND"));
  await expect(resolveEgress({ host: "example.com", port: 443 }, rules, nowhere)).rejects.toMatchObject({
    code: "unavailable",
    message: expect.stringContaining("example.com") as string,
  });
});

it.each([
  "0.0.0.0",
  "10.1.2.3",
  "100.64.0.1",
  "127.8.8.8",
  "169.254.169.254",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.1.1",
  "198.18.0.1",
  "224.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "::ffff:10.0.0.1",
  "::ffff:8.8.8.8",
  "64:ff9b::7f00:1",
  "2001:db8::1",
  "2002:7f00:1::",
  "fc00::1",
  "fe80::1",
  "ff02::1",
  "not an address",
])("does not count %s as the internet", (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

it.each(["1.1.1.1", "172.32.0.1", "192.169.0.1", "2606:4700:4700::1111", "2a00:1450::1"])(
  "counts %s as the internet",
  (address) => {
    expect(isPublicAddress(address)).toBe(true);
  },
);
