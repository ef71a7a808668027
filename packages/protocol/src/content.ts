import { z } from "zod";
import { eventFields } from "./event-fields.ts";

const contentFields = {
  ...eventFields,
  object: z.literal("content").default("content"),
  /** The part's place in its message, from 0. */
  index: z.int().nonnegative().nullable().default(null),
  /** True when this continues the part; false or null when it is the whole part so far. */
  delta: z.boolean().nullable().default(false),
  /** The message this is a part of. */
  msg_id: z.string().nullable().default(null),
};

const text = z.string().nullable().default(null);

export const textContentSchema = z.object({ ...contentFields, type: z.literal("text"), text });

/** `image_url` is an `https:` or a `data:` URL. */
export const imageContentSchema = z.object({ ...contentFields, type: z.literal("image"), image_url: text });

/** Structured data; tool calls and their results travel as this. */
export const dataContentSchema = z.object({
  ...contentFields,
  type: z.literal("data"),
  data: z.record(z.string(), z.unknown()).nullable().default(null),
});

/** `data` is base64, a `data:` URL or a URL; `format` such as `wav` or `mp3`. */
export const audioContentSchema = z.object({ ...contentFields, type: z.literal("audio"), data: text, format: text });

export const videoContentSchema = z.object({ ...contentFields, type: z.literal("video"), video_url: text });

/** One of `file_url`, `file_id` or `file_data` (base64 or a `data:` URL) says where the bytes are. */
export const fileContentSchema = z.object({
  ...contentFields,
  type: z.literal("file"),
  file_url: text,
  file_id: text,
  filename: text,
  file_data: text,
  /** The spelling of AgentScope's web page; `filename` wins. */
  file_name: z.string().nullish(),
});

/** The model declined, in its own words. */
export const refusalContentSchema = z.object({ ...contentFields, type: z.literal("refusal"), refusal: text });

/** One part of a message. */
export const contentSchema = z.discriminatedUnion("type", [
  textContentSchema,
  imageContentSchema,
  dataContentSchema,
  audioContentSchema,
  videoContentSchema,
  fileContentSchema,
  refusalContentSchema,
]);

/** A part as it is sent: every field is there. */
export type Content = z.output<typeof contentSchema>;
/** A part as a caller may write it: only `type` and the part's own field are needed. */
export type ContentInput = z.input<typeof contentSchema>;
export type ContentType = Content["type"];
/** The part a given `type` stands for: `ContentOf<"text">`. */
export type ContentOf<T extends ContentType> = Extract<Content, { type: T }>;
