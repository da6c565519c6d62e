/** An observable value outside React. Components subscribe to it. */

import { useSyncExternalStore } from "react";

export class Store<T> {
  private readonly listeners = new Set<() => void>();

  constructor(private value: T) {}

  get = (): T => this.value;

  set(value: T): void {
    if (Object.is(value, this.value)) return;
    this.value = value;
    for (const listener of this.listeners) listener();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
}

export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, store.get);
}

/** A store that is saved in the browser under `name`. It has the fallback value if nothing valid is saved. */
export function persistedStore<T>(name: string, fallback: T, storage: () => Storage = () => localStorage): Store<T> {
  let initial = fallback;
  try {
    const saved = storage().getItem(name);
    if (saved !== null) initial = JSON.parse(saved) as T;
  } catch {
    // Storage is disabled, or the saved value is not JSON.
  }
  const store = new Store(initial);
  store.subscribe(() => {
    try {
      storage().setItem(name, JSON.stringify(store.get()));
    } catch {
      // Storage is full or disabled. The value lasts until the page is closed.
    }
  });
  return store;
}
