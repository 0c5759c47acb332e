/** /proc/swaps (proc(5)): the devices and files that are swapped to. */
export function parseSwaps(text: string): string[] {
  const lines = text.split('\n').slice(1).filter(Boolean)
  return lines.map(line => (line.split(/\s+/)[0] ?? '').replace(/\\040/g, ' '))
}
