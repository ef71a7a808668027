/**
 * What an approval is asked under. The reply is part of it: some models number their calls anew in each reply, and an answer to
 * an earlier question must not fit a later one.
 */
export function approvalId(replyId: string, callId: string): string {
  return `${callId}~${replyId}`;
}
