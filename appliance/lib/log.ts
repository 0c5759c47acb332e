export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface Log {
  debug(message: string, fields?: Record<string, unknown>): void
  info(message: string, fields?: Record<string, unknown>): void
  warn(message: string, fields?: Record<string, unknown>): void
  error(message: string, fields?: Record<string, unknown>): void
}

type WriteLine = (line: string, level: LogLevel) => void

const order: LogLevel[] = ['debug', 'info', 'warn', 'error']

/** One JSON object a line on stderr; an `error` field that is an Error is written with its stack. */
export function createLog(source: string, threshold: LogLevel = 'info', write: WriteLine = toStderr): Log {
  const at =
    (level: LogLevel) =>
    (message: string, fields: Record<string, unknown> = {}) => {
      if (order.indexOf(level) < order.indexOf(threshold)) return
      write(
        JSON.stringify({ time: new Date().toISOString(), level, source, message, ...fields }, plainErrors),
        level,
      )
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** For tests and for parts that must stay quiet. */
export const silentLog: Log = createLog('silent', 'error', () => undefined)

function toStderr(line: string) {
  process.stderr.write(`${line}\n`)
}

const priorities = { debug: 7, info: 6, warn: 4, error: 3 } satisfies Record<LogLevel, number>

/** For a process of systemd's: the journal learns how grave each line is (sd-daemon(3)). */
export const toJournal: WriteLine = (line, level) => toStderr(`<${priorities[level]}>${line}`)

function plainErrors(_key: string, value: unknown) {
  if (!(value instanceof Error)) return value
  return { name: value.name, message: value.message, stack: value.stack, cause: value.cause }
}
