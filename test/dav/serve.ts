import { startDav } from './harness.ts'

/** The WebDAV server alone over a folder, for measuring: prints its address, and ends with its input. */
const [folder, journal] = process.argv.slice(2)
if (folder === undefined) throw new Error('serve.ts FOLDER [journal]')
const closing: (() => Promise<void> | void)[] = []
const owner = { teardown: (act: () => Promise<void> | void) => void closing.push(act) }
const { origin } = await startDav(owner, folder, undefined, { hasJournal: journal === 'journal' })
process.stdout.write(`ready ${origin}\n`)
process.stdin.resume().once('end', async () => {
  for (const close of closing) await close()
  process.exit()
})
