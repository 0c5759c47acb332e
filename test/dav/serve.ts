import { startDav } from './harness.ts'

/** The WebDAV server alone over a folder, for measuring: prints its address, and ends with its input. */
const folder = process.argv[2]
if (folder === undefined) throw new Error('serve.ts FOLDER')
const closing: (() => Promise<void> | void)[] = []
const { origin } = await startDav({ teardown: act => void closing.push(act) }, folder)
process.stdout.write(`ready ${origin}\n`)
process.stdin.resume().once('end', async () => {
  for (const close of closing) await close()
  process.exit()
})
