import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ExecutionContext } from 'ava'
import { admin, basic, eventually, freePort, startCairn } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'
import { tempFolder } from '../helpers/temp.ts'
import { openBrowser, openPage, scrollsSideways, sizes, violations } from './browser.ts'

const pageTest = testIf('root', 'btrfs', 'chromium')
const plain = ['--admin', `${admin.name}:${admin.password}`]

async function start(t: ExecutionContext, ...args: string[]) {
  const port = await freePort()
  const cairn = await startCairn(t, { args: [...args, '--https-port', String(port), '--servers', '2'] })
  return { cairn, secure: `https://127.0.0.1:${port}` }
}

pageTest('HTTPS by the certificate of the box is trusted by whoever has installed its authority', async t => {
  const { cairn, secure } = await start(t, ...plain)
  const scratch = await tempFolder(t)
  const authority = join(scratch, 'authority.crt')
  const download = await fetch(`${cairn.url}/api/v1/network/authority.crt`)
  t.is(download.headers.get('content-type'), 'application/x-x509-ca-cert')
  await writeFile(authority, await download.text())
  const curl = async (...args: string[]) =>
    (
      await promisify(execFile)('curl', [
        '-sS',
        '--cacert',
        authority,
        '-o',
        '/dev/null',
        '-w',
        '%{http_code}',
        ...args,
      ])
    ).stdout
  const by = ['-u', `${admin.name}:${admin.password}`]
  t.is(await curl(...by, '-T', authority, `${secure}/webdav/over%20TLS.crt`), '201')
  t.is(await curl(...by, '-X', 'PROPFIND', '-H', 'Depth: 1', `${secure}/dav/files/admin/`), '207')
  // HTTP goes on where it is not forbidden.
  const headers = { authorization: basic(admin) }
  t.is((await fetch(`${cairn.url}/webdav/over%20TLS.crt`, { headers })).status, 200)
  await t.throwsAsync(promisify(execFile)('curl', ['-sS', secure]), { message: /certificate/ })

  const named = (name: string) => `https://${name}.local:${new URL(secure).port}/health/live`
  const resolve = (name: string) => ['--resolve', `${name}.local:${new URL(secure).port}:127.0.0.1`]
  t.is(await curl(...resolve('cairn'), named('cairn')), '200')
  t.is((await cairn.api('PATCH', '/system', { name: 'attic' })).status, 200)
  // Both servers have to hear of it.
  for (let ask = 0; ask < 5; ask += 1)
    await eventually(async () => (await curl(...resolve('attic'), named('attic')).catch(() => '')) === '200')
  const { body } = await cairn.api('GET', '/network/certificate')
  t.like(body, { port: Number(new URL(secure).port), isRequired: false })
  t.true(body.names.includes('attic.local'))
})

pageTest('who does not trust the box yet is told how to, and who does is led on', async t => {
  const { cairn, secure } = await start(t, ...plain, '--https', 'required')
  t.is(
    (await fetch(`${cairn.url}/webdav/`, { redirect: 'manual' })).headers.get('location'),
    `${secure}/webdav/`,
  )
  const browser = await openBrowser(t)
  for (const scheme of ['light', 'dark'] as const) {
    for (const size of ['desktop', 'phone'] as const) {
      const page = await openPage(t, browser, { scheme, size })
      await page.goto(`${cairn.url}/shares?a=b`)
      await page.getByRole('heading', { name: 'Make the way to this box private' }).waitFor()
      t.deepEqual(await violations(page), [], `${scheme}, ${size}`)
      t.false(await scrollsSideways(page))
      const without = page.getByRole('link', { name: 'Go on without' })
      t.is(await without.getAttribute('href'), `${secure}/shares?a=b`)
      await page.getByRole('combobox', { name: 'Device' }).click()
      await page.getByRole('option', { name: 'iPhone or iPad' }).click()
      await page
        .getByText('In Settings, General, About, Certificate Trust Settings', { exact: false })
        .waitFor()
      await page.context().close()
    }
  }

  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: sizes.desktop })
  const page = await context.newPage()
  await page.goto(`${cairn.url}/settings`)
  await page.waitForURL(`${secure}/settings`)
  await page.getByLabel('Name', { exact: true }).fill(admin.name)
  await page.getByLabel('Password', { exact: true }).fill(admin.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  const part = page.getByRole('region', { name: 'Private connection' })
  await part.getByText('This page came encrypted', { exact: false }).waitFor()
  t.deepEqual(
    (await context.cookies()).map(({ secure: isSecure, httpOnly }) => [isSecure, httpOnly]),
    [[true, true]],
  )
  t.deepEqual(await violations(page), [])
  // Another page of the web cannot be put into the way.
  await page.goto(`${cairn.url}/trust?to=//example.com/`)
  await page.waitForURL(`${secure}/files`)
})

pageTest('the wizard goes on over HTTP to its last page, which says how to go on', async t => {
  const { cairn } = await start(t, '--https', 'required')
  const page = await openPage(t, await openBrowser(t))
  const code = /claim code (\S+),/.exec(cairn.lines.join('\n'))?.[1] ?? ''
  await page.goto(`${cairn.url}/setup#code=${code}`)
  await page.getByRole('heading', { level: 1 }).waitFor()
  t.is(new URL(page.url()).protocol, 'http:')
})
