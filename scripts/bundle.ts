import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { rolldown } from 'rolldown'

/**
 * Bundles the daemon, its launcher and what the image has of its own into `dist/daemon`: a process takes 40 MB less memory
 * than from sources. Packages with native code or files of their own stay outside.
 */
const root = join(import.meta.dirname, '..')
export const outside = ['koffi', 'better-sqlite3', '@node-rs/argon2', 'swagger-ui-dist']

export async function bundleDaemon(folder = join(root, 'dist/daemon')): Promise<void> {
  const bundle = await rolldown({
    input: {
      main: join(root, 'appliance/main.ts'),
      agent: join(root, 'appliance/agent.ts'),
      launch: join(root, 'scripts/launch.ts'),
      'ecosystem.config': join(root, 'image/ecosystem.ts'),
      prove: join(root, 'image/prove.ts'),
      reset: join(root, 'image/reset.ts'),
    },
    platform: 'node',
    external: outside,
    cwd: root,
  })
  await rm(folder, { recursive: true, force: true })
  await bundle.write({ dir: folder, format: 'esm', sourcemap: true })
  await bundle.close()
}

if (import.meta.main) await bundleDaemon()
