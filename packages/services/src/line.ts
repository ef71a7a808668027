interface Place<T> {
  readonly member: T;
  before: Place<T> | undefined;
  after: Place<T> | undefined;
}

/** Members in the order in which they came. Adding, leaving and taking the first cost the same however many there are. */
export class Line<T> {
  // A set would do, but finding its first member takes longer the more were deleted before it.
  readonly #places = new Map<T, Place<T>>();
  #first: Place<T> | undefined;
  #last: Place<T> | undefined;

  get size(): number {
    return this.#places.size;
  }

  /** Who is in the line already stays where it is. */
  add(member: T): void {
    if (this.#places.has(member)) return;
    const place: Place<T> = { member, before: this.#last, after: undefined };
    if (this.#last === undefined) this.#first = place;
    else this.#last.after = place;
    this.#last = place;
    this.#places.set(member, place);
  }

  remove(member: T): void {
    const place = this.#places.get(member);
    if (place === undefined) return;
    const { before, after } = place;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    this.#places.delete(member);
  }

  /** Takes the first one out. */
  shift(): T | undefined {
    const member = this.#first?.member;
    if (member !== undefined) this.remove(member);
    return member;
  }
}
