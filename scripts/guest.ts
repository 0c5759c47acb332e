import { guestProblem, runInGuest } from '../test/helpers/guest.ts'

/** scripts/guest.ts MINUTES COMMAND...: runs a command in a machine of its own, on a Debian kernel (test/helpers/guest.ts). */
const [minutes = '', ...command] = process.argv.slice(2)
const problem = guestProblem()
if (!/^\d+$/.test(minutes) || command.length === 0) {
  console.error('scripts/guest.ts MINUTES COMMAND...')
  process.exitCode = 2
} else if (problem !== null) {
  console.log(`ok 1 - ${command.at(-1)} in a machine of its own # SKIP ${problem}`)
} else {
  process.exitCode = await runInGuest({
    command,
    cwd: process.cwd(),
    withinMs: Number(minutes) * 60_000,
    onLine: line => console.log(line),
  })
}
