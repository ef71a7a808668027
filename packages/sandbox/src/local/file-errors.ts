import { RuntimeError } from "@agentscope-runtime/protocol";

/** The code of an error of `node:fs`. */
export function codeOf(thrown: unknown): unknown {
  return typeof thrown === "object" && thrown !== null && "code" in thrown ? thrown.code : undefined;
}

export function leadsOut(path: string): RuntimeError {
  return pathError("permission_denied", `The path ${JSON.stringify(path)} leads out of the workspace.`);
}

export function nothingAt(path: string): RuntimeError {
  return pathError("not_found", `Nothing is at ${JSON.stringify(path)}.`);
}

export function notADirectory(path: string, cause?: unknown): RuntimeError {
  return pathError("invalid_argument", `What is at ${JSON.stringify(path)}, or above it, is no directory.`, cause);
}

export function notAFile(path: string): RuntimeError {
  return pathError("invalid_argument", `What is at ${JSON.stringify(path)} is no file.`);
}

/** What the system says, in words that help. */
export function toFileError(path: string, thrown: unknown): unknown {
  switch (codeOf(thrown)) {
    case "ENOENT":
      return nothingAt(path);
    case "ENOTDIR":
      return notADirectory(path, thrown);
    case "EISDIR":
    case "ENXIO": // A pipe or socket that nobody listens to.
      return notAFile(path);
    case "ELOOP":
      return leadsOut(path);
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return pathError("permission_denied", `The system does not allow this at ${JSON.stringify(path)}.`, thrown);
    case "ENOTEMPTY":
    case "EEXIST":
      return pathError("invalid_argument", `A directory that is not empty is at ${JSON.stringify(path)}.`, thrown);
    case "EINVAL":
      return pathError("invalid_argument", `A directory cannot be moved into itself: ${JSON.stringify(path)}.`, thrown);
    case "ENAMETOOLONG":
      return pathError("invalid_argument", `The path ${JSON.stringify(path.slice(0, 100))}… is too long.`, thrown);
    case "ENOSPC":
    case "EDQUOT":
    case "EFBIG":
      return pathError("resource_exhausted", "The workspace is full: remove files, or raise its limit.", thrown);
    case "EMFILE":
    case "ENFILE":
      return pathError("resource_exhausted", "Too many files are open.", thrown);
    default:
      return thrown;
  }
}

function pathError(code: RuntimeError["code"], message: string, cause?: unknown): RuntimeError {
  return new RuntimeError(code, message, { cause, details: { field: "path" } });
}
