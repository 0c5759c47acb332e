import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { basic, type Cairn, claimed, eventually, startCairn } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'
import { openBrowser, openPage, signIn, violations } from './browser.ts'

const adminTest = testIf('root', 'btrfs', 'chromium')
const bob = { name: 'bob', password: 'another long one' }

adminTest('people, groups, shares and grants are made, and hold at once', async t => {
  const cairn = await startCairn(t, { args: claimed })
  const browser = await openBrowser(t)
  const page = await openPage(t, browser)
  await signIn(page, cairn)
  await go(page, 'People')
  await page.getByRole('button', { name: 'Add person' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name to sign in').fill(bob.name)
  await dialog.getByLabel('Full name').fill('Bob')
  await dialog.getByLabel('Password', { exact: true }).fill(bob.password)
  t.deepEqual(await violations(page), [])
  await dialog.getByRole('button', { name: 'Add person' }).click()
  await page.getByRole('button', { name: 'Bob bob · Member' }).waitFor()
  await page.getByRole('button', { name: 'Add group' }).click()
  await dialog.getByLabel('Name to sign in').fill('family')
  await dialog.getByRole('combobox').click()
  await page.getByRole('option', { name: 'Bob (bob)' }).click()
  await page.keyboard.press('Tab')
  await dialog.getByRole('button', { name: 'Add group' }).click()
  await page.getByRole('button', { name: 'family 1 member' }).waitFor()

  await go(page, 'This box')
  await page.getByRole('link', { name: 'Shares' }).click()
  await page.getByRole('button', { name: 'Create share' }).click()
  await dialog.getByLabel('Name of the share').fill('Music')
  await dialog.getByText('None', { exact: true }).click()
  await dialog.getByRole('button', { name: 'Create share' }).click()
  await page.getByRole('heading', { name: 'Music' }).waitFor()
  const bobs = await openPage(t, browser)
  await signIn(bobs, cairn, bob)
  await bobs.getByRole('link', { name: 'shared' }).waitFor()
  t.is(await bobs.getByRole('link', { name: 'Music' }).count(), 0)
  t.is(await bobs.getByRole('link', { name: 'This box' }).count(), 0)

  await page.getByRole('combobox', { name: 'Name a person or group' }).click()
  await page.getByRole('option', { name: 'family' }).click()
  await page.getByRole('radiogroup', { name: 'family' }).getByText('Read', { exact: true }).click()
  t.deepEqual(await violations(page), [])
  await page.getByRole('button', { name: 'Save who may use it' }).click()
  await page.getByText('Who may use Music is saved').waitFor()
  t.like((await cairn.api('GET', '/shares/Music')).body, { everyone: 'none', groups: { family: 'read' } })
  await bobs.getByRole('link', { name: 'Music' }).click()
  await bobs.getByText('you may read here, not change').waitFor()

  await page.getByRole('button', { name: 'Delete share' }).click()
  const confirm = dialog.getByRole('button', { name: 'Delete share' })
  t.true(await confirm.isDisabled())
  await dialog.getByLabel('Type Music to confirm').fill('Music')
  await confirm.click()
  await page.getByText('The share Music is deleted').waitFor()
})

adminTest('an app password is shown once, works, and is revoked', async t => {
  const cairn = await startCairn(t, { args: claimed })
  const page = await openPage(t, await openBrowser(t))
  await signIn(page, cairn)
  await go(page, 'Settings')
  await page.getByRole('button', { name: 'Create app password' }).click()
  await page.getByLabel('What it is for').fill('Laptop')
  await page.getByRole('dialog').getByRole('button', { name: 'Create app password' }).click()
  const made = page.getByRole('dialog', { name: 'App password for Laptop' })
  const password = (await made.locator('code').nth(1).textContent()) ?? ''
  t.deepEqual(await violations(page), [])
  const status = async () => {
    const response = await fetch(`${cairn.url}/webdav/`, {
      method: 'PROPFIND',
      headers: { depth: '0', authorization: basic({ name: 'admin', password }) },
    })
    return response.status
  }
  t.is(await status(), 207)
  await made.getByRole('button', { name: 'I have copied it' }).click()
  await page.getByRole('button', { name: 'Revoke' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
  await page.getByText('Laptop', { exact: true }).waitFor({ state: 'detached' })
  await eventually(async () => (await status()) === 401)
})

adminTest('a file and a whole share come back from a snapshot', async t => {
  const cairn = await startCairn(t, { args: claimed })
  const page = await openPage(t, await openBrowser(t))
  await put(cairn, '/shared/letter.txt', 'first')
  await signIn(page, cairn)
  await go(page, 'History')
  await page.getByRole('link', { name: 'shared' }).click()
  await page.getByRole('button', { name: 'Take snapshot' }).click()
  await page.getByLabel('Note', { exact: false }).fill('before the change')
  await page.getByRole('dialog').getByRole('button', { name: 'Take snapshot' }).click()
  await page.getByText('before the change').waitFor()
  await put(cairn, '/shared/letter.txt', 'second')
  t.deepEqual(await violations(page), [])
  await page.getByRole('link', { name: 'before the change' }).click()
  await page.getByRole('button', { name: 'Restore' }).click()
  t.deepEqual(await violations(page), [])
  await page.getByRole('dialog').getByRole('button', { name: 'Restore' }).click()
  await page.getByText('letter.txt is back').waitFor()
  t.is(await read(cairn, '/shared/letter.txt'), 'first')

  await put(cairn, '/shared/letter.txt', 'third')
  await page.getByRole('link', { name: 'All snapshots' }).click()
  await page.getByText('Before letter.txt was restored').waitFor()
  await page
    .getByRole('listitem')
    .filter({ hasText: 'before the change' })
    .getByRole('button', { name: 'Restore all' })
    .click()
  await page.getByLabel('Type shared to confirm').fill('shared')
  await page.getByRole('dialog').getByRole('button', { name: 'Restore all' }).click()
  await page.getByText('shared is as it was then').waitFor()
  t.is(await read(cairn, '/shared/letter.txt'), 'first')
})

adminTest('a pulled disk is one card on top, and its button leads to a healthy pool again', async t => {
  const cairn = await startCairn(t, { args: claimed })
  const page = await openPage(t, await openBrowser(t))
  await signIn(page, cairn)
  await put(cairn, '/shared/a.txt', 'kept')
  await go(page, 'This box')
  await page.getByText('All is well').waitFor()
  dev(cairn, 'pull', '2')
  dev(cairn, 'add')
  await page.getByText('The pool "pool" is degraded').waitFor()
  t.deepEqual(await violations(page), [])
  await page.getByRole('link', { name: /^Replace Cairn practice disk/ }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('radio').first().check()
  t.deepEqual(await violations(page), [])
  await dialog.getByRole('button', { name: 'Replace disk' }).click()
  await dialog.waitFor({ state: 'detached' })
  await page.getByText('All is well').waitFor({ timeout: 60_000 })
  await page.getByRole('region', { name: 'Pools' }).getByText('Healthy').first().waitFor()
  t.is(await read(cairn, '/shared/a.txt'), 'kept')
})

async function go(page: Page, place: string) {
  await page.getByRole('navigation', { name: 'Places' }).getByRole('link', { name: place }).click()
}

function dev(cairn: Cairn, ...args: string[]) {
  const program = join(import.meta.dirname, '..', '..', 'scripts', 'dev.ts')
  execFileSync(process.execPath, [program, 'disk', ...args, '--data', cairn.dataDir])
}

const contentOf = (cairn: Cairn, path: string) =>
  `${cairn.url}/api/v1/files/content?path=${encodeURIComponent(path)}`
const headers = { authorization: basic({ name: 'admin', password: 'Correct-horse-7' }) }

async function put(cairn: Cairn, path: string, body: string) {
  await fetch(contentOf(cairn, path), { method: 'PUT', headers, body })
}

async function read(cairn: Cairn, path: string): Promise<string> {
  return (await fetch(contentOf(cairn, path), { headers })).text()
}
