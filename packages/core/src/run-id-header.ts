/**
 * `x-run-id`, which every answer about a run carries. A header has no letters beyond ASCII; an id that has is percent-encoded,
 * and as ids have no percent sign, nothing else is taken for one.
 */
export function runIdHeader(runId: string): { readonly "x-run-id": string } {
  return { "x-run-id": runId.replaceAll(/[^\x20-\x7e]+/g, encodeURIComponent) };
}
