import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describeWithBubblewrap, startApp } from "@agentscope-runtime-tooling/testing";
import { baseSandboxType, RemoteSandboxBackend } from "@agentscope-runtime/sandbox";
import { exportJWK, generateKeyPair, SignJWT } from "jose";

const entry = new URL("./main.ts", import.meta.url);
const key = "a-key-of-ada-that-is-long";

describeWithBubblewrap("The sandbox manager", () => {
  it("gives sandboxes to who has a key, shows them to nobody else, and leaves none behind", async () => {
    await using app = await startApp({
      entry,
      env: { API_KEYS: `ada:${key},bob:another-key-that-is-long`, POOL: "base=1" },
    });
    expect((await fetch(`${app.url}/sandboxes`)).status).toBe(401);
    await using backend = new RemoteSandboxBackend({ url: app.url, token: key });
    expect(await backend.abilities()).toMatchObject({ isolation: "process" });
    await using sandbox = await backend.create({ type: baseSandboxType });
    await sandbox.files.write("in.txt", "from afar");
    expect((await sandbox.runShellCommand("tr a-z A-Z <in.txt; id -u")).stdout).toMatch(/^FROM AFAR/);
    await using others = new RemoteSandboxBackend({ url: app.url, token: "another-key-that-is-long" });
    expect(await others.list()).toEqual([]);
    app.kill("SIGTERM");
    expect(await app.ended).toMatchObject({ exit: 0 });
  });

  it("takes JSON Web Tokens that the named keys have signed, and no others", async () => {
    const { publicKey, privateKey } = await generateKeyPair("ES256");
    const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: "1", alg: "ES256" }] });
    const issuer = createServer((_request, response) => response.end(jwks)).listen(0, "127.0.0.1");
    await once(issuer, "listening");
    const { port } = issuer.address() as AddressInfo;
    const sign = async (signer: Parameters<SignJWT["sign"]>[0], claims: object, expires = "5m"): Promise<string> =>
      new SignJWT({ ...claims }).setProtectedHeader({ alg: "ES256", kid: "1" }).setExpirationTime(expires).sign(signer);
    try {
      await using app = await startApp({
        entry,
        env: { JWKS_URL: `http://127.0.0.1:${port}/`, JWT_AUDIENCE: "sandboxes" },
      });
      const status = async (token: string): Promise<number> =>
        (await fetch(`${app.url}/sandboxes`, { headers: { authorization: `Bearer ${token}` } })).status;
      const ada = { sub: "ada", aud: "sandboxes" };
      expect(await status(await sign(privateKey, ada))).toBe(200);
      const forger = await generateKeyPair("ES256");
      const refused = [
        await sign(forger.privateKey, ada),
        await sign(privateKey, { ...ada, aud: "elsewhere" }),
        await sign(privateKey, { aud: "sandboxes" }),
        await sign(privateKey, ada, "-5m"),
        "no token",
      ];
      expect(await Promise.all(refused.map(status))).toEqual(refused.map(() => 401));
    } finally {
      issuer.close();
    }
  });

  it("prints a line to try, without a key on this machine only", async () => {
    await using app = await startApp({ entry });
    expect(app.line).toContain(`curl -X POST ${app.url}/sandboxes`);
    const made = await fetch(`${app.url}/sandboxes`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"type":"base"}',
    });
    expect([made.status, await made.json()]).toEqual([
      201,
      expect.objectContaining({ type: "base", state: "running" }),
    ]);
  });
});
