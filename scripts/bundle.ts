import { join } from 'node:path'
import { rolldown } from 'rolldown'

/** Bundles the daemon into `dist/daemon` for the image. Packages stay outside: some carry native code. */
const root = join(import.meta.dirname, '..')
const bundle = await rolldown({
  input: { main: join(root, 'appliance/main.ts'), agent: join(root, 'appliance/agent.ts') },
  platform: 'node',
  external: /^[^./]/,
  cwd: root,
})
await bundle.write({ dir: join(root, 'dist/daemon'), format: 'esm', sourcemap: true, minify: false })
await bundle.close()
