import { Failure } from '../lib/failure.ts'
import type { Lifecycle } from '../lib/lifecycle.ts'
import { createHttpServer } from './server.ts'

/**
 * Stands in for the server when the settings cannot be read: one page that says what happened, what it means for the
 * files, and what to do. Nothing is overwritten. Rethrows what is no broken database.
 */
export function createRecovery(error: unknown, options: { port: number; databasePath: string }): Lifecycle {
  if (!(error instanceof Failure) || !error.code.startsWith('database/')) throw error
  const body = page(error, options.databasePath)
  const http = createHttpServer({
    port: options.port,
    isShared: false,
    listener(request, response) {
      const isForPeople = request.headers.accept?.includes('text/html') ?? false
      response.writeHead(503, {
        'Content-Type': isForPeople ? 'text/html; charset=utf-8' : 'application/json',
        'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'",
        'Cache-Control': 'no-store',
        'Retry-After': '60',
      })
      const { code, message } = error
      response.end(isForPeople ? body : JSON.stringify({ error: { code, message, details: {} } }))
    },
  })
  return {
    async start() {
      await http.start()
      return { lines: [`cairn: ${error.message}`], state: 'recovery' }
    },
    stop: () => http.stop(),
  }
}

function page({ code, message }: Failure, databasePath: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Cairn needs a hand</title>
<style>
:root { color-scheme: light dark; --page: #fafaf7; --text: #1f2421; --muted: #5a625c; }
@media (prefers-color-scheme: dark) { :root { --page: #141715; --text: #e8eae6; --muted: #a3aba4; } }
body { background: var(--page); color: var(--text); font: 16px/1.5 Inter, system-ui, sans-serif; margin: 10vh auto; max-width: 70ch; padding: 0 16px; }
h1 { font-size: 24px; font-weight: 600; } h2 { font-size: 16px; font-weight: 600; margin-bottom: 0; } small, code { color: var(--muted); }
</style></head><body><main>
<h1>Cairn cannot read its settings</h1>
<h2>What happened</h2><p>${escapeHtml(message)}</p>
<h2>What it means for your files</h2><p>Nothing: they are in your pools, which were not touched. Nobody can sign in until the settings are back.</p>
<h2>What to do now</h2><p>${adviceFor(code, escapeHtml(databasePath))}</p>
<small>${escapeHtml(code)}</small>
</main></body></html>`
}

function adviceFor(code: string, path: string): string {
  if (code === 'database/full')
    return 'Make room on the disk that the settings are on; then start Cairn again.'
  if (code === 'database/newer')
    return `Start the version of Cairn that has written <code>${path}</code>, or a later one.`
  return `Stop Cairn. Move <code>${path}</code> aside (do not delete it) and put a copy from a backup in its place; then start Cairn
again. Without a copy, start Cairn without the file: it asks for a new administrator.`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, character => `&#${character.charCodeAt(0)};`)
}
