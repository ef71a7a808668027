import {
  AgentCard,
  CancelTaskRequest,
  DeleteTaskPushNotificationConfigRequest,
  GetExtendedAgentCardRequest,
  GetTaskPushNotificationConfigRequest,
  GetTaskRequest,
  ListTaskPushNotificationConfigsRequest,
  ListTaskPushNotificationConfigsResponse,
  ListTasksRequest,
  ListTasksResponse,
  SendMessageRequest,
  SendMessageResponse,
  StreamResponse,
  SubscribeToTaskRequest,
  Task,
  TaskPushNotificationConfig,
} from "@a2a-js/sdk";

/** Between the messages of the SDK's generated code and ProtoJSON, which is what our operations speak. */
export interface Codec {
  readonly toJson: (request: unknown) => object;
  readonly fromJson: (result: unknown) => unknown;
}

interface Message<T> {
  toJSON(message: T): unknown;
  fromJSON(object: never): T;
}

function codec<Request, Result>(request: Message<Request>, result: Message<Result>): Codec {
  return {
    // gRPC has decoded it with the same code.
    toJson: (message) => request.toJSON(message as Request) as object,
    fromJson: (json) => result.fromJSON(json as never),
  };
}

/** By the names of operations. */
export const codecs: Readonly<Record<string, Codec>> = {
  SendMessage: codec(SendMessageRequest, SendMessageResponse),
  SendStreamingMessage: codec(SendMessageRequest, StreamResponse),
  GetTask: codec(GetTaskRequest, Task),
  ListTasks: codec(ListTasksRequest, ListTasksResponse),
  CancelTask: codec(CancelTaskRequest, Task),
  SubscribeToTask: codec(SubscribeToTaskRequest, StreamResponse),
  CreateTaskPushNotificationConfig: codec(TaskPushNotificationConfig, TaskPushNotificationConfig),
  GetTaskPushNotificationConfig: codec(GetTaskPushNotificationConfigRequest, TaskPushNotificationConfig),
  ListTaskPushNotificationConfigs: codec(
    ListTaskPushNotificationConfigsRequest,
    ListTaskPushNotificationConfigsResponse,
  ),
  GetExtendedAgentCard: codec(GetExtendedAgentCardRequest, AgentCard),
  DeleteTaskPushNotificationConfig: {
    toJson: (message) =>
      DeleteTaskPushNotificationConfigRequest.toJSON(message as DeleteTaskPushNotificationConfigRequest) as object,
    fromJson: () => ({}), // google.protobuf.Empty.
  },
};
