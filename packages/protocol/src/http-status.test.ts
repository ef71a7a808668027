import { errorCodeSchema } from "./error-code.ts";
import { errorCodeFromHttpStatus, httpStatusFromErrorCode } from "./http-status.ts";

describe("the HTTP status of an error", () => {
  it.each([
    ["invalid_argument", 400],
    ["unauthenticated", 401],
    ["permission_denied", 403],
    ["not_found", 404],
    ["method_not_allowed", 405],
    ["conflict", 409],
    ["payload_too_large", 413],
    ["resource_exhausted", 429],
    ["canceled", 499],
    ["internal", 500],
    ["unimplemented", 501],
    ["unavailable", 503],
    ["deadline_exceeded", 504],
  ] as const)("is, for %s, %d, and that leads back to it", (code, status) => {
    expect(httpStatusFromErrorCode(code)).toBe(status);
    expect(errorCodeFromHttpStatus(status)).toBe(code);
  });

  it("tells every code apart", () => {
    const statuses = errorCodeSchema.options.map(httpStatusFromErrorCode);
    expect(new Set(statuses).size).toBe(errorCodeSchema.options.length);
  });

  it.each([
    [402, "invalid_argument"],
    [408, "deadline_exceeded"],
    [410, "not_found"],
    [412, "conflict"],
    [415, "invalid_argument"],
    [422, "invalid_argument"],
    [502, "unavailable"],
    [505, "internal"],
    [599, "internal"],
  ])("makes of another server's %d the nearest code, %s", (status, code) => {
    expect(errorCodeFromHttpStatus(status)).toBe(code);
  });
});
