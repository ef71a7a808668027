/** What a promise is rejected with, or undefined. Ask before what makes it reject, and await the answer after. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
    return undefined;
  } catch (thrown) {
    return thrown;
  }
}
