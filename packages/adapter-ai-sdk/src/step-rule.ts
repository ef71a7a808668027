/** Where a step of the agent begins: at its first word, and at its first word after an answer to a call. */
export class StepRule {
  #begins = true;

  /** A call was answered, by a tool or by a person. */
  answered(): void {
    this.#begins = true;
  }

  /** Whether a step would begin with this. What shows nothing begins none. */
  wouldBegin(shows: boolean): boolean {
    return shows && this.#begins;
  }

  /** A step has begun. */
  begun(): void {
    this.#begins = false;
  }
}
