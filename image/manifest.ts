import { execFileSync } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundledPackages, lockedPackages, pagePackages } from './npm-packages.ts'

/** Writes manifest.json (what the image is made of, in sizes) and sbom.json (the same for programs, CycloneDX 1.5). */
const [target = '', nodePackage = '', out = '', work = ''] = process.argv.slice(2)
const root = join(import.meta.dirname, '..')
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const builtAt = new Date(Number(process.env.SOURCE_DATE_EPOCH) * 1000).toISOString()

interface Package {
  name: string
  version: string
  sizeKib?: number
  architecture?: string
  purl: string
}

const debian = readFileSync(join(work, 'packages.tsv'), 'utf8').trim().split('\n').map(debianPackage)
const npm = [...bundledPackages(root), ...pagePackages(root), ...lockedPackages(join(root, 'image/pm2'))].map(
  npmPackage,
)
const node = lockedPackages(root).find(({ name }) => name === nodePackage)
const files = [
  ['image', join(out, `cairn-${target}.img`)],
  ['compressed', join(out, `cairn-${target}.img.zst`)],
  ['rootSlot', join(work, 'slots/root.img')],
  ['bootSlot', join(work, 'slots/boot.img')],
] as const

writeJson('manifest.json', {
  name: `cairn-${target}`,
  version,
  commit: commit(),
  builtAt,
  node: node?.version ?? null,
  sizes: Object.fromEntries(files.map(([name, path]) => [name, statSync(path).size])),
  sha256: { rootSlot: sha256(files[2][1]), bootSlot: sha256(files[3][1]) },
  debian: debian.map(({ name, version, sizeKib }) => ({ name, version, sizeKib })),
  npm: npm.map(({ name, version }) => ({ name, version })),
})

writeJson('sbom.json', {
  bomFormat: 'CycloneDX',
  specVersion: '1.5',
  serialNumber: `urn:uuid:${randomUUID()}`,
  version: 1,
  metadata: {
    timestamp: builtAt,
    component: { type: 'operating-system', name: `cairn-${target}`, version },
  },
  components: [...debian, ...npm].map(({ name, version, purl }) => ({
    type: 'library',
    'bom-ref': purl,
    name,
    version,
    purl,
  })),
})

function debianPackage(line: string): Package {
  const [name = '', version = '', architecture = '', size = ''] = line.split('\t')
  const plain = name.replace(/:.*/, '')
  const purl = `pkg:deb/debian/${plain}@${encodeURIComponent(version)}?arch=${architecture}&distro=debian-13`
  return { name: plain, version, architecture, sizeKib: Number(size), purl }
}

function npmPackage({ name, version }: { name: string; version: string }): Package {
  return { name, version, purl: `pkg:npm/${name.replace('@', '%40')}@${version}` }
}

function commit(): string | null {
  try {
    return execFileSync('git', ['-C', root, 'rev-parse', 'HEAD'], { encoding: 'utf8' }).trim()
  } catch {
    // A source archive knows no commit.
    return null
  }
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}

function writeJson(name: string, value: unknown) {
  writeFileSync(join(out, name), `${JSON.stringify(value, null, 1)}\n`)
}
