import { Failure } from '../../../lib/failure.ts'
import type { ServedExport } from '../../render/served-export.ts'
import type { NfsStatus } from '../../schema.ts'

/** An NFS server: what it serves is told to it whole. */
export interface NfsEngine {
  name: NfsStatus['engine']
  /** Why it cannot be used here, or null. */
  missing(): Promise<NfsStatus['problem']>
  /** Before any folder is mounted that it is to serve. */
  prepare(): Promise<void>
  /**
   * Brings it in line without cutting who is connected: from then on it serves these and nothing else. Answers those that
   * it refuses, which it does not serve, by their numbers, and why. With other `threads` than before ganesha begins anew, and
   * its clients wait; the kernel has more or fewer from then on.
   */
  serve(exports: readonly ServedExport[], threads?: number): Promise<Map<number, string>>
  /** What clients have left open in this mount and what is served no more is closed. */
  letGo(mount: string): Promise<void>
  /** Whatever was started, by an agent that was killed too. */
  stop(): Promise<void>
  status(): Promise<Pick<NfsStatus, 'isRunning' | 'restarts' | 'problem'>>
}

export function portTaken(port: number): NonNullable<NfsStatus['problem']> {
  const message = `The NFS server cannot be started: port ${port} is in use by another program.`
  return { code: 'shares/nfs-port-taken', message }
}

export function refusedAll(problem: string): Failure {
  return new Failure(
    'conflict',
    'shares/nfs-refused',
    `The NFS server refuses its new configuration: ${problem}`,
  )
}
