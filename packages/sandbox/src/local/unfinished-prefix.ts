/** Files that are being written have such names, and are told to nobody. */
export const unfinishedPrefix = ".agentscope-unfinished-";
