import { useEffect, useState } from 'preact/hooks';

/** A value that components follow. */
export class Cell<T> {
  #value: T;
  readonly #listeners = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of [...this.#listeners]) listener();
  }

  follow(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** Renders the component again whenever the cell changes. */
export function useCell<T>(cell: Cell<T>): T {
  const [, setCount] = useState(0);
  useEffect(() => {
    // It may have changed between the first rendering and now.
    setCount((count) => count + 1);
    return cell.follow(() => setCount((count) => count + 1));
  }, [cell]);
  return cell.value;
}
