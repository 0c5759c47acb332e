import type { Page } from 'playwright-core'
import { admin, claimed, startCairn } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'
import { openBrowser, openPage, scrollsSideways, signIn, sizes, violations } from './browser.ts'

const pageTest = testIf('root', 'btrfs', 'chromium')

pageTest('the page resets the box, and the wizard that opens takes the pool in again', async t => {
  t.timeout(180_000)
  const cairn = await startCairn(t, { args: claimed })
  const page = await openPage(t, await openBrowser(t))
  const isSound = async (name: string) => {
    t.deepEqual(await violations(page), [], name)
    await pictures(page, name)
    t.false(await scrollsSideways(page), name)
  }
  await signIn(page, cairn)
  await page.goto(`${cairn.url}/storage`)
  await page.getByRole('link', { name: 'Reset' }).click()
  await page.getByText('The pool "pool" with all files', { exact: false }).waitFor()
  await isSound('reset-page')

  await page.getByRole('button', { name: 'Reset this box…' }).click()
  const reset = page.getByRole('button', { name: 'Reset the settings' })
  await reset.waitFor()
  await isSound('reset-dialog')
  await page.getByRole('checkbox', { name: 'Erase the pool "pool" as well' }).check()
  await page.getByText('Everything on "pool" will be gone').waitFor()
  await isSound('reset-erasing')
  const erase = page.getByRole('button', { name: 'Reset and erase' })
  await page.getByLabel('Type cairn to confirm').fill('cairn')
  await page.getByLabel('Your password', { exact: true }).fill('not my password')
  t.true(await erase.isDisabled())
  await page.getByLabel('Type pool to confirm').fill('pool')
  t.true(await erase.isEnabled())
  await page.getByRole('checkbox', { name: 'Erase the pool "pool" as well' }).uncheck()
  await reset.click()
  await page.getByText('This is not your present password.').waitFor()
  await isSound('reset-refused')

  await page.getByLabel('Your password', { exact: true }).fill(admin.password)
  await reset.click()
  await page.getByText('The box is being reset').waitFor()
  await isSound('reset-under-way')
  await page.waitForURL(/\/setup$/, { timeout: 60_000 })

  const code = cairn.lines.findLast(line => line.includes('claim code'))?.match(/#code=(\S+)/)?.[1]
  await page.goto(`${cairn.url}/setup#code=${code}`)
  await page.reload()
  await page.getByRole('button', { name: 'Begin' }).click()
  await page.getByLabel('Full name').fill('Ada Lovelace')
  await page.getByLabel('Name to sign in').fill(admin.name)
  await page.getByLabel('Password', { exact: true }).fill('long enough 1')
  await page.getByRole('button', { name: 'Continue' }).click()
  await page
    .getByRole('checkbox', { name: 'Take in the pool "pool" with its files', checked: true })
    .waitFor()
  await page.getByText('The home of admin will be yours.', { exact: false }).waitFor()
  await isSound('reset-wizard-found')
  await page.getByRole('checkbox', { name: 'Take in the pool "pool" with its files' }).uncheck()
  await page
    .getByRole('checkbox', { name: /^Cairn practice disk/ })
    .first()
    .waitFor()
  await page.getByRole('checkbox', { name: 'Take in the pool "pool" with its files' }).check()
  await page.getByRole('button', { name: 'Continue' }).click()
  await isSound('reset-wizard-share')
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByText('Taken in').waitFor()
  await isSound('reset-wizard-review')
  await page.getByRole('button', { name: 'Set up this box' }).click()
  await page.getByRole('heading', { name: 'Your box is ready' }).waitFor()
  const user = { name: admin.name, password: 'long enough 1' }
  t.like((await cairn.api('GET', '/pools', undefined, user)).body, [{ name: 'pool', state: 'healthy' }])
})

/** As it is, on a desktop and on a phone, in either scheme. */
async function pictures(page: Page, name: string) {
  const folder = process.env.CAIRN_PICTURES
  if (!folder) return
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    for (const size of ['desktop', 'phone'] as const) {
      await page.setViewportSize(sizes[size])
      await page.screenshot({ path: `${folder}/${name}-${size}-${colorScheme}.png`, fullPage: true })
    }
  }
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize(sizes.desktop)
}
