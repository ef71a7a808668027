import { z } from "zod";

const count = z.number().nonnegative().nullish();

/** Tokens spent. Fields that a model's provider adds are kept. */
export const usageSchema = z.looseObject({ input_tokens: count, output_tokens: count, total_tokens: count });

export type Usage = z.infer<typeof usageSchema>;
