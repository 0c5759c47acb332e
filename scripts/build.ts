import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { glob, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Builds what `scripts/start` serves: the pages into `dist/web`. What has not changed is not built again. */
const checkout = join(import.meta.dirname, '..')
const stamp = join(checkout, 'dist', 'web', '.sources')
const pages = { app: 'appliance/web', setup: 'setup-wizard' }
// Schemas are imported for their types only, so a change in them changes no page.
const sources = ['appliance/web/**/*', 'setup-wizard/**/*', 'package-lock.json', 'scripts/build.ts']

const wanted = await hashOfSources()
if (process.argv.includes('--force') || !(await isBuilt(wanted))) await build(wanted)

async function isBuilt(hash: string): Promise<boolean> {
  if (!existsSync(stamp) || (await readFile(stamp, 'utf8')) !== hash) return false
  return Object.keys(pages).every(name => existsSync(join(checkout, 'dist', 'web', name, 'index.html')))
}

async function build(hash: string) {
  process.stderr.write('cairn: building the pages\n')
  const vite = await import('vite')
  for (const folder of Object.values(pages)) {
    const { default: config } = await import(`../${folder}/vite.config.ts`)
    await vite.build({ ...config, logLevel: process.argv.includes('--verbose') ? 'info' : 'warn' })
  }
  await mkdir(join(stamp, '..'), { recursive: true })
  await writeFile(stamp, hash)
}

async function hashOfSources(): Promise<string> {
  const paths: string[] = []
  for await (const entry of glob(sources, { cwd: checkout, withFileTypes: true })) {
    if (entry.isFile()) paths.push(join(entry.parentPath, entry.name))
  }
  const hash = createHash('sha256')
  for (const path of paths.toSorted()) hash.update(path.slice(checkout.length)).update(await readFile(path))
  return hash.digest('hex')
}
