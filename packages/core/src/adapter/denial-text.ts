/** What is told as the result of a call that a person has denied. */
export function denialText(reason?: string): string {
  return reason === undefined ? "The call was denied." : `The call was denied: ${reason}`;
}
