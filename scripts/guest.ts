import { guestProblem, hasKvm, runInGuest } from '../test/helpers/guest.ts'

/**
 * scripts/guest.ts [--if-fast] MINUTES COMMAND...: runs a command in a machine of its own, on a Debian kernel
 * (test/helpers/guest.ts). What cannot be run is said as a test that is skipped.
 */
const given = process.argv.slice(2)
const isOnlyIfFast = given[0] === '--if-fast'
const [minutes = '', ...command] = isOnlyIfFast ? given.slice(1) : given
const problem =
  guestProblem() ?? (isOnlyIfFast && !hasKvm() ? 'is slow without KVM: scripts/test guest' : null)
if (!/^\d+$/.test(minutes) || command.length === 0) {
  console.error('scripts/guest.ts [--if-fast] MINUTES COMMAND...')
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
