// What was started, to be stopped in reverse. A stop that fails is told and does not keep the
// others from being stopped.

export class Teardown {
  readonly #steps: { name: string; stop: () => Promise<void> }[] = [];
  readonly #onError: (step: string, error: unknown) => void;

  constructor(onError: (step: string, error: unknown) => void) {
    this.#onError = onError;
  }

  add(name: string, stop: () => Promise<void>): void {
    this.#steps.push({ name, stop });
  }

  async run(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step.stop();
      } catch (error) {
        this.#onError(step.name, error);
      }
    }
  }
}
