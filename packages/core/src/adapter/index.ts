// For those who write an adapter of a framework.
export { applyDifference, differenceOf, differenceSchema } from "./difference.ts";
export { audioFormat, mediaTypeOfAudio, mediaTypeOfName, mediaTypeOfUrl } from "./media-type.ts";
export { bareContent, bareMessage, wholeMessage } from "./bare-message.ts";
export { createRecall } from "./create-recall.ts";
export { dataIn, parseCall, parseCallOutput } from "./call-data.ts";
export { denialText } from "./denial-text.ts";
export { fileContent } from "./file-content.ts";
export { fromModelError } from "./from-model-error.ts";
export { isObject } from "./is-object.ts";
export { knownUsage } from "./known-usage.ts";
export { modelFailures } from "./model-failure.ts";
export { noResult } from "./no-result.ts";
export { parseArguments } from "./parse-arguments.ts";
export { placeText, unfit } from "./unfit.ts";
export { sourceContent, sourceDataType } from "./source-content.ts";
export { stopReason } from "./stop-reason.ts";
export { withLeftover, withoutLeftover } from "./leftover.ts";

export type { BareContent, BareMessage } from "./bare-message.ts";
export type { CallData, CallOutputData } from "./call-data.ts";
export type { CommandEvent, CommandRunner, RunningOptions } from "./command-runner.ts";
export type { Difference } from "./difference.ts";
export type { FileSource } from "./file-content.ts";
export type { ModelFailure } from "./model-failure.ts";
export type { PartPlace } from "./unfit.ts";
export type { Recall, RecallOptions } from "./create-recall.ts";
export type { StreamingHandler } from "./streaming-handler.ts";
export type { Source } from "./source-content.ts";
