export { openAi } from "./open-ai.ts";
