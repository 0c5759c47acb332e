import { createHash } from 'node:crypto'
import { glob, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Builds what `scripts/start` runs and serves, into `dist`. What has not changed is not built again. */
const checkout = join(import.meta.dirname, '..')
const always = ['package-lock.json', 'scripts/build.ts', 'scripts/bundle.ts']

interface Target {
  name: string
  /** What the result depends on. */
  sources: string[]
  build(): Promise<void>
}

const targets: Target[] = [
  {
    name: 'pages',
    // Schemas are imported for their types only, so a change in them changes no page.
    sources: ['appliance/web/**/*', 'setup-wizard/**/*'],
    async build() {
      const vite = await import('vite')
      for (const folder of ['appliance/web', 'setup-wizard']) {
        const { default: config } = await import(`../${folder}/vite.config.ts`)
        await vite.build({ ...config, logLevel: process.argv.includes('--verbose') ? 'info' : 'warn' })
      }
    },
  },
  {
    name: 'daemon',
    sources: ['appliance/*.ts', 'appliance/!(web)/**/*.ts', 'scripts/*.ts', 'image/*.ts', 'package.json'],
    async build() {
      const { bundleDaemon } = await import('./bundle.ts')
      await bundleDaemon()
    },
  },
]

for (const target of targets) await bringUpToDate(target)

async function bringUpToDate({ name, sources, build }: Target) {
  const stamp = join(checkout, 'dist', `.${name}`)
  const wanted = await hashOf([...sources, ...always])
  const built = await readFile(stamp, 'utf8').catch(absent)
  if (built === wanted && !process.argv.includes('--force')) return
  process.stderr.write(`cairn: building the ${name}\n`)
  await build()
  await mkdir(join(checkout, 'dist'), { recursive: true })
  await writeFile(stamp, wanted)
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
  return undefined
}

async function hashOf(patterns: string[]): Promise<string> {
  const paths: string[] = []
  for await (const entry of glob(patterns, { cwd: checkout, withFileTypes: true })) {
    if (entry.isFile()) paths.push(join(entry.parentPath, entry.name))
  }
  const hash = createHash('sha256')
  for (const path of paths.toSorted()) hash.update(path.slice(checkout.length)).update(await readFile(path))
  return hash.digest('hex')
}
