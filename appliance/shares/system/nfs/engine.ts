import type { ServedExport } from '../../render/ganesha-conf.ts'
import type { NfsStatus } from '../../schema.ts'

/** An NFS server: what it serves is told to it whole. */
export interface NfsEngine {
  name: NfsStatus['engine']
  /** Why it cannot be used here, or null. */
  missing(): NfsStatus['problem']
  /**
   * Brings it in line without cutting who is connected: from then on it serves these and nothing else. Answers those that
   * it refuses, which it does not serve, by their numbers, and why. With other `threads` than before it begins anew, and
   * clients wait.
   */
  serve(exports: readonly ServedExport[], threads?: number): Promise<Map<number, string>>
  stop(): Promise<void>
  status(): Promise<Pick<NfsStatus, 'isRunning' | 'restarts' | 'problem'>>
}
