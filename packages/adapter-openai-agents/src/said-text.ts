/** A text that was told piece by piece, and the whole ones that it is told to have been. */
export class SaidText {
  #said = "";

  add(delta: string): void {
    this.#said += delta;
  }

  /** What of a whole text has not been told yet. */
  rest(whole: string): string {
    const said = this.#said;
    if (said.startsWith(whole)) {
      this.#said = said.slice(whole.length);
      return "";
    }
    this.#said = "";
    // A provider may tell the whole otherwise than its pieces: then it is not told twice.
    return whole.startsWith(said) ? whole.slice(said.length) : "";
  }
}
