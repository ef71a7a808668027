// Makes two sandboxes, says their ids, and waits to be killed.
import { openDockerBackend } from "../index.ts";
import { specOn } from "./test-backend.ts";

interface Order {
  readonly owner: string;
  readonly directory: string;
  readonly image: string;
  readonly leaseMs: number;
}

const { image, ...options } = JSON.parse(process.argv[2] ?? "") as Order; // Of our own test.
const backend = await openDockerBackend(options);
const sandboxes = await Promise.all([backend.create(specOn(image)), backend.create(specOn(image))]);
for (const sandbox of sandboxes) await sandbox.files.write("from", "the killed one");
process.stdout.write(`${JSON.stringify(sandboxes.map(({ id }) => id))}\n`);
setInterval(() => undefined, 60_000);
