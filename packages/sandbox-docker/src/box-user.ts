import { chmod, chown } from "node:fs/promises";

/** Whom a box runs as. */
export interface BoxUser {
  readonly uid: number;
  readonly gid: number;
}

/** Makes a file its user's alone. Only root can hand files to another; anybody else's boxes run as themselves. */
export async function own(path: string, { uid, gid }: BoxUser): Promise<void> {
  await chmod(path, 0o700);
  if (process.getuid?.() === 0) await chown(path, uid, gid);
}
