import { given } from "./request-schemas.ts";
import type { PushConfigInput } from "./request-schemas.ts";
import type { ProtocolVersion } from "./protocol-version.ts";

/** Where a client wants to be told about a task. A2A 1.0's TaskPushNotificationConfig. */
export interface PushConfig {
  readonly id: string;
  readonly taskId: string;
  readonly url: string;
  readonly token?: string;
  readonly authentication?: { readonly scheme: string; readonly credentials?: string };
}

/** A config as it is kept: its notifications are in the words of the version that it came in. */
export interface KeptPushConfig extends PushConfig {
  readonly version: ProtocolVersion;
}

export function toPushConfig(taskId: string, input: PushConfigInput): PushConfig {
  const { url, token, authentication } = input;
  const credentials = given(authentication?.credentials);
  return {
    id: given(input.id) ?? crypto.randomUUID(),
    taskId,
    url,
    ...(given(token) === undefined ? {} : { token: given(token) ?? "" }),
    ...(authentication === null || authentication === undefined
      ? {}
      : {
          authentication: {
            scheme: authentication.scheme,
            ...(credentials === undefined ? {} : { credentials }),
          },
        }),
  };
}
