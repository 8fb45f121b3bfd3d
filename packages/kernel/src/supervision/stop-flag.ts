// The stop of the kernel, as far as supervision must know of it: once it has begun, nothing starts
// any more until the next boot.
//   Volatile. A kernel that is folded anew in the middle of a stop takes it over from the one
//   before.

export class StopFlag {
  #isSet = false;

  get isSet(): boolean {
    return this.#isSet;
  }

  set(): void {
    this.#isSet = true;
  }
}
