/** ganesha-core-config(8), RPC_Ioq_ThrdMax: it makes as many as there is work for, up to this. */
export const usualGaneshaThreads = 200

/** How many requests the kernel's server works on at once where nobody has said it. */
export function usualNfsdThreads(processors: number): number {
  return Math.min(Math.max(2 * processors, 8), 64)
}
