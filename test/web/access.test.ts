import type { Page } from 'playwright-core'
import type { SshState } from '../../appliance/web/api/access.ts'
import { admin, freePort, startCairn } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'
import { openBrowser, openPage, scrollsSideways, signIn, violations } from './browser.ts'

const pageTest = testIf('root', 'btrfs', 'chromium')
const plain = ['--admin', `${admin.name}:${admin.password}`]

const key = {
  id: 'bQGY',
  type: 'ssh-ed25519',
  comment: 'ann@laptop',
  fingerprint: 'SHA256:bQGYtQZ0uwKqXS9nCkxKdIL1SHx9rVQ0bq2WQm9r2No',
}
const none: SshState = { isPossible: true, isOn: false, isRunning: false, keys: [], bootKeys: [] }

pageTest('the ways to the box: a shell by keys, said to be off, on, or on by the boot partition', async t => {
  const cairn = await startCairn(t, { args: plain })
  const browser = await openBrowser(t)
  for (const scheme of ['light', 'dark'] as const) {
    for (const size of ['desktop', 'phone'] as const) {
      const page = await openPage(t, browser, { scheme, size })
      const isSound = async () => {
        t.deepEqual(await violations(page), [], `${scheme}, ${size}`)
        t.false(await scrollsSideways(page))
      }
      await signIn(page, cairn)
      // This one was not flashed, and has no HTTPS.
      await page.goto(`${cairn.url}/access`)
      await page.getByText('ssh is the matter of the system that it runs on', { exact: false }).waitFor()
      await page.getByText('This box is reached unencrypted', { exact: false }).waitFor()
      await isSound()

      await shown(page, none, cairn.url)
      t.true(await page.getByRole('switch', { name: 'Let these keys in' }).isDisabled())
      await page.getByRole('button', { name: 'Add key' }).click()
      await page.getByRole('textbox', { name: 'Public key' }).waitFor()
      await isSound()
      await shown(page, { ...none, isRunning: true, bootKeys: [key] }, cairn.url)
      await page.getByText('Keys on the boot partition of the system disk', { exact: false }).waitFor()
      await isSound()
      await shown(page, { ...none, isOn: true, isRunning: true, keys: [key] }, cairn.url)
      t.true(await page.getByRole('switch', { name: 'Let these keys in' }).isChecked())
      await page.getByText('ssh root@127.0.0.1', { exact: false }).waitFor()
      await page.getByRole('button', { name: 'Remove key' }).click()
      await page.getByText('It is the last one', { exact: false }).waitFor()
      await isSound()
      await page.context().close()
    }
  }
})

pageTest('a pasted key is sent, and what is wrong with it is said where it was pasted', async t => {
  const cairn = await startCairn(t, { args: plain })
  const page = await openPage(t, await openBrowser(t))
  await signIn(page, cairn)
  await shown(page, none, cairn.url)
  await page.getByRole('button', { name: 'Add key' }).click()
  const dialog = page.getByRole('dialog', { name: 'Add key' })
  await dialog.getByRole('textbox', { name: 'Public key' }).fill('-----BEGIN OPENSSH PRIVATE KEY-----')
  await dialog.getByRole('button', { name: 'Add key' }).click()
  await dialog.getByText('this is a private key', { exact: false }).waitFor()
  t.deepEqual(await violations(page), [])
})

pageTest('apps are let in unencrypted by a switch, where HTTPS is required', async t => {
  const args = [...plain, '--https-port', String(await freePort()), '--https', 'required']
  const cairn = await startCairn(t, { args })
  const browser = await openBrowser(t)
  const context = await browser.newContext({ ignoreHTTPSErrors: true })
  const page = await context.newPage()
  await page.goto(`${cairn.url}/access`)
  await page.waitForURL(/^https:/)
  await page.getByLabel('Name', { exact: true }).fill(admin.name)
  await page.getByLabel('Password', { exact: true }).fill(admin.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  const plainSwitch = page.getByRole('switch', { name: 'Let apps connect unencrypted' })
  const statusOf = async () => (await fetch(`${cairn.url}/webdav/`, { redirect: 'manual' })).status
  t.false(await plainSwitch.isChecked())
  t.is(await statusOf(), 308)
  t.deepEqual(await violations(page), [])
  const changed = page.waitForResponse(/network\/plain$/)
  await plainSwitch.click()
  t.is((await changed).status(), 204)
  await page.getByRole('switch', { name: 'Let apps connect unencrypted', checked: true }).waitFor()
  t.not(await statusOf(), 308)
})

/** The page with this answer of the box. */
async function shown(page: Page, state: SshState, url: string) {
  await page.unroute('**/api/v1/network/ssh').catch(() => undefined)
  await page.route('**/api/v1/network/ssh', route => route.fulfill({ json: state }))
  await page.goto(`${url}/access`)
}
