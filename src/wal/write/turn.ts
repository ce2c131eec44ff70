/** Settles in the event loop's next turn, after all that is ready to run in this one. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
