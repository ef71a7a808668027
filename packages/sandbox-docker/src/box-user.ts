import { chmod, chown } from "node:fs/promises";

/** Whom a box runs as. */
export interface BoxUser {
  readonly uid: number;
  readonly gid: number;
}

/** Never ourselves, so that what is ours on the host is not the box's. */
export function newBoxUser(): BoxUser {
  const id = process.getuid?.() === 1000 ? 1001 : 1000;
  return { uid: id, gid: id };
}

/** Makes a file its user's alone, as only root can. */
export async function own(path: string, { uid, gid }: BoxUser): Promise<void> {
  await chmod(path, 0o700);
  if (process.getuid?.() === 0) await chown(path, uid, gid);
}
