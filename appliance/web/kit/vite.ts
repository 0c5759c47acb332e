import { join } from 'node:path'
import react from '@vitejs/plugin-react'
import type { InlineConfig } from 'vite'

const checkout = join(import.meta.dirname, '..', '..', '..')

/** How a page is built into `dist/web/NAME`, to be served below `base`. */
export function pageConfig({ name, root, base }: { name: string; root: string; base: string }): InlineConfig {
  return {
    root,
    base,
    configFile: false,
    plugins: [react()],
    build: {
      outDir: join(checkout, 'dist', 'web', name),
      emptyOutDir: true,
      // Fonts and icons stay files: the page's policy allows no data: fonts beyond what it must.
      assetsInlineLimit: 0,
      reportCompressedSize: false,
    },
    // For `npx vite`: the API of a Cairn that runs beside it.
    server: { proxy: { '/api': 'http://localhost:8080' } },
  }
}
