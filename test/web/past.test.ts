import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import type { Locator, Page } from 'playwright-core'
import { admin, basic, type Cairn, claimed, eventually, smb, startCairn } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'
import { tempFolder } from '../helpers/temp.ts'
import { openBrowser, openPage, scrollsSideways, signIn, violations } from './browser.ts'

const pageTest = testIf('root', 'btrfs', 'chromium')
const smbTest = testIf('root', 'btrfs', 'chromium', 'smbclient')

pageTest(
  'what was deleted is restored: next to what is there by now, over it, and each undo undoes',
  async t => {
    const { page, cairn } = await start(t)
    await go(page, 'Trash')
    await page.getByText('What you or others delete will be listed here').waitFor()
    t.deepEqual(await violations(page), [])

    await put(cairn, '/letter.txt', 'first')
    await remove(cairn, '/letter.txt')
    await page.getByText('deleted by admin').waitFor()
    await page.getByRole('button', { name: 'Restore letter.txt' }).click()
    await page.getByText('letter.txt is back in Files').waitFor()
    t.is(await read(cairn, '/letter.txt'), 'first')
    await undo(page, 'letter.txt is back in Files')
    await page.getByText('deleted by admin').waitFor()
    await eventually(async () => (await names(cairn, '/')).join() === 'shared')

    await put(cairn, '/letter.txt', 'second')
    const dialog = page.getByRole('dialog')
    await page.getByRole('button', { name: 'Restore letter.txt' }).click()
    await dialog.getByText('there is something else called letter.txt').waitFor()
    t.deepEqual(await violations(page), [])
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    await dialog.waitFor({ state: 'detached' })
    t.is(await read(cairn, '/letter.txt'), 'second')

    await page.getByRole('button', { name: 'Restore letter.txt' }).click()
    await dialog.getByRole('button', { name: 'Keep both' }).click()
    await page.getByText('letter (restored).txt is back').waitFor()
    t.is(await read(cairn, '/letter.txt'), 'second')
    t.is(await read(cairn, '/letter (restored).txt'), 'first')

    await remove(cairn, '/letter (restored).txt')
    await cairn.api('POST', '/files/move', { from: '/letter.txt', to: '/letter (restored).txt' })
    await page.getByRole('button', { name: 'Restore letter (restored).txt' }).click()
    await dialog.getByRole('button', { name: 'Replace what is there' }).click()
    await page.getByText('replaced by admin').waitFor()
    t.is(await read(cairn, '/letter (restored).txt'), 'first')
    await page
      .getByRole('alert')
      .filter({ hasText: 'letter (restored).txt is back' })
      .last()
      .getByRole('button', { name: 'Undo' })
      .click()
    await eventually(async () => (await read(cairn, '/letter (restored).txt')) === 'second')
  },
)

pageTest('a deleted folder is looked into, things go for good, and the trash is emptied', async t => {
  const { page, cairn } = await start(t)
  await cairn.api('POST', '/files/folders', { path: '/shared/Trip' })
  await cairn.api('POST', '/files/folders', { path: '/shared/Trip/day one' })
  await put(cairn, '/shared/Trip/plan.txt', 'go')
  await put(cairn, '/shared/Trip/day one/map.txt', 'there')
  await put(cairn, '/shared/one.txt', '1')
  await put(cairn, '/two.txt', '22')
  await remove(cairn, '/shared/Trip', '/shared/one.txt', '/two.txt')
  await go(page, 'Trash')
  await item(page, 'Trip').getByText('7 B', { exact: true }).waitFor()
  await item(page, 'two.txt').getByRole('button', { name: 'two.txt', exact: true }).click()
  await page.getByRole('dialog').getByText('22', { exact: true }).waitFor()
  await page.keyboard.press('Escape')
  t.deepEqual(await violations(page), [])

  await page.getByRole('link', { name: 'Trip' }).click()
  await page.getByRole('link', { name: 'day one' }).click()
  await page.getByText('map.txt').waitFor()
  t.deepEqual(await violations(page), [])
  await page.getByRole('button', { name: 'Restore', exact: true }).click()
  await page.getByText('map.txt is back in day one').waitFor()
  t.is(await read(cairn, '/shared/Trip/day one/map.txt'), 'there')
  await page.getByRole('link', { name: 'All of the trash' }).click()

  await page.getByLabel('Select one.txt').check()
  await page.getByLabel('Select two.txt').check()
  await page.getByText('2 selected').waitFor()
  t.deepEqual(await violations(page), [])
  await page.getByRole('button', { name: 'Restore', exact: true }).click()
  await page.getByText('2 things are back where they were').waitFor()
  t.is(await read(cairn, '/shared/one.txt'), '1')

  await remove(cairn, '/shared/one.txt', '/two.txt')
  await page.getByLabel('Select one.txt').check()
  await page.getByRole('button', { name: 'Delete for good' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('1 B in all.').waitFor()
  t.deepEqual(await violations(page), [])
  await dialog.getByRole('button', { name: 'Delete for good' }).click()
  await page.getByText('one.txt is deleted for good').waitFor()

  await page.getByRole('combobox', { name: 'Where it was' }).click()
  await page.getByRole('option', { name: 'shared' }).click()
  await item(page, 'two.txt').waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Empty trash' }).click()
  await dialog.getByText('shared: 1 thing, 2 B').waitFor()
  await dialog.getByRole('button', { name: 'Delete 1 thing for good' }).click()
  await page.getByText('The trash is empty').waitFor()
  const left = (await cairn.api('GET', '/trash')).body.items.map(({ name }: { name: string }) => name)
  t.deepEqual(left, ['two.txt'])
})

pageTest('a long trash comes in pages, and all that is selected is restored at once', async t => {
  const { page, cairn } = await start(t)
  const paths = Array.from({ length: 130 }, (_, index) => `/file ${index}.txt`)
  for (const path of paths) await put(cairn, path, 'x')
  await remove(cairn, ...paths)
  await go(page, 'Trash')
  const rows = page.getByRole('list', { name: 'Trash' }).getByRole('listitem')
  await rows.nth(99).waitFor()
  t.is(await rows.count(), 100)
  await page.getByRole('button', { name: 'Show more' }).click()
  await rows.nth(129).waitFor()
  await page.getByLabel('Select all').check()
  await page.getByRole('button', { name: 'Restore', exact: true }).click()
  await page.getByText('130 things are back where they were').waitFor()
  t.is((await names(cairn, '/')).length, 131)
  await undo(page, '130 things are back where they were')
  await eventually(async () => (await names(cairn, '/')).join() === 'shared')
})

pageTest('an administrator sees that others change their own files, and not which', async t => {
  const { page, cairn } = await start(t)
  const bob = { name: 'bob', password: 'another long one' }
  await cairn.api('POST', '/users', { ...bob, role: 'member' })
  await fetch(contentOf(cairn, '/diary.txt'), {
    method: 'PUT',
    headers: { authorization: basic(bob) },
    body: 'dear',
  })
  await go(page, 'Activity')
  await change(page, 'bob created a file').getByText('the home of bob').waitFor()
  t.is(await page.getByText('diary').count(), 0)
})

pageTest('what only may be read shows its trash, and offers to change nothing', async t => {
  const { page, cairn } = await start(t)
  await cairn.api('POST', '/users', { name: 'bob', password: 'another long one', role: 'member' })
  await cairn.api('PUT', '/shares/shared/grants', { everyone: 'read', users: { admin: 'write' } })
  await put(cairn, '/shared/one.txt', '1')
  await remove(cairn, '/shared/one.txt')
  await go(page, 'Trash')
  await page.getByRole('button', { name: 'Restore one.txt' }).waitFor()
  const bobs = await openPage(t, await openBrowser(t))
  await signIn(bobs, cairn, { name: 'bob', password: 'another long one' })
  await go(bobs, 'Trash')
  await item(bobs, 'one.txt').waitFor()
  t.is(await bobs.getByRole('button', { name: 'Restore one.txt' }).count(), 0)
  t.is(await bobs.getByRole('button', { name: 'Empty trash' }).count(), 0)
  t.deepEqual(await violations(bobs), [])
})

smbTest(
  'an earlier version is looked at, named, restored and deleted; a snapshot stands in the same list',
  async t => {
    const { page, cairn } = await start(t)
    for (const text of ['first', 'the second', 'the very third']) await put(cairn, '/shared/plan.txt', text)
    await page.goto(`${cairn.url}/files/shared`)
    const drawer = await details(page, 'plan.txt', 'Earlier versions')
    const versions = drawer.getByRole('list', { name: 'Earlier versions' }).getByRole('listitem')
    await versions.nth(2).waitFor()
    t.regex((await versions.first().textContent()) ?? '', /Present · admin · 14 B/)
    t.regex((await versions.nth(2).textContent()) ?? '', /admin · 5 B/)
    t.deepEqual(await violations(page), [])

    await versions.nth(2).getByRole('button', { name: /^More/ }).click()
    await page.getByRole('menuitem', { name: 'Preview' }).click()
    await page.getByText('first', { exact: true }).waitFor()
    await page.keyboard.press('Escape')
    await versions.nth(2).getByRole('button', { name: /^More/ }).click()
    await page.getByRole('menuitem', { name: 'Name this version' }).click()
    await page.getByRole('dialog', { name: 'Name this version' }).getByLabel('Name').fill('As agreed')
    await page.getByRole('menuitem').first().waitFor({ state: 'detached' })
    t.deepEqual(await violations(page), [])
    await page.getByRole('button', { name: 'Save name' }).click()
    await versions.filter({ hasText: 'As agreed' }).waitFor()

    await versions
      .nth(1)
      .getByRole('button', { name: /^Restore/ })
      .click()
    await page.getByText('the state before is kept as a version').waitFor()
    t.is(await read(cairn, '/shared/plan.txt'), 'the second')
    await undo(page, 'the state before is kept as a version')
    await eventually(async () => (await read(cairn, '/shared/plan.txt')) === 'the very third')
    await versions.first().filter({ hasText: '14 B' }).waitFor()

    await versions.filter({ hasText: 'As agreed' }).getByRole('button', { name: /^More/ }).click()
    await page.getByRole('menuitem', { name: 'Delete version' }).click()
    await page
      .getByRole('dialog', { name: 'Delete this version?' })
      .getByRole('button', { name: 'Delete version' })
      .click()
    await versions.filter({ hasText: 'As agreed' }).waitFor({ state: 'detached' })
  },
)

smbTest(
  'what was overwritten over SMB is there to be restored: as a version, or from a snapshot',
  async t => {
    const { page, cairn } = await start(t)
    // Of what is still being downloaded no version is kept.
    for (const name of ['plan.txt', 'film.part']) await put(cairn, `/shared/${name}`, 'first')
    await cairn.api('POST', '/shares/shared/snapshots', { label: 'before' })
    const local = await localFile(t, 'over the network')
    await page.goto(`${cairn.url}/files/shared`)
    await smb(cairn, 'shared', `put ${local} plan.txt; put ${local} film.part; put ${local} fresh.txt`)
    await page.getByRole('link', { name: 'fresh.txt' }).waitFor()

    const kept = await details(page, 'plan.txt', 'Earlier versions')
    const version = kept.getByRole('listitem').filter({ hasText: 'admin' })
    await version.getByRole('button', { name: /^Restore/ }).click()
    await eventually(async () => (await read(cairn, '/shared/plan.txt')) === 'first')

    await page.goto(`${cairn.url}/files/shared`)
    const drawer = await details(page, 'film.part', 'Earlier versions')
    await drawer
      .getByText('while many are copied: for that there are the snapshots', { exact: false })
      .waitFor()
    const past = drawer.getByRole('listitem').filter({ hasText: 'in the snapshot "before"' })
    await past.getByRole('button', { name: /^Restore/ }).click()
    await eventually(async () => (await read(cairn, '/shared/film.part')) === 'first')
    t.deepEqual(await violations(page), [])
  },
)

smbTest('the activity shows who changed what over WebDAV and SMB, live, and is narrowed down', async t => {
  const { page, cairn } = await start(t)
  await go(page, 'Activity')
  await page.getByText('Every change of a file will be listed here').waitFor()
  const made = await cairn.api('POST', '/users/admin/app-passwords', { label: 'Tablet' })
  const tablet = basic({ name: 'admin', password: made.body.password })
  const dav = (method: string, path: string, init: RequestInit = {}) =>
    fetch(`${cairn.url}/webdav${path}`, {
      method,
      ...init,
      headers: { authorization: tablet, ...init.headers },
    })
  t.is((await dav('PUT', '/shared/<b>plan.txt', { body: 'hello' })).status, 201)
  await change(page, 'admin created <b>plan.txt').getByText('WebDAV, Tablet').waitFor()

  const local = await localFile(t, 'over the network')
  await smb(cairn, 'shared', `put ${local} network.txt`)
  await change(page, 'admin created network.txt').getByText('Network drive (SMB)', { exact: false }).waitFor()
  await page.getByRole('heading', { name: 'Today' }).waitFor()
  t.deepEqual(await violations(page), [])

  await page.getByRole('combobox', { name: 'How' }).click()
  await page.getByRole('option', { name: 'Network drive (SMB)' }).click()
  await change(page, 'plan').waitFor({ state: 'detached' })
  await change(page, 'admin created network.txt').waitFor()
  t.regex(page.url(), /face=smb/)
  await page.getByRole('button', { name: 'Show everything' }).click()
  await page.getByRole('combobox', { name: 'Device' }).click()
  await page.getByRole('option', { name: 'Tablet' }).click()
  await change(page, 'network.txt').waitFor({ state: 'detached' })
  await change(page, 'plan').getByRole('link', { name: '<b>plan.txt' }).click()
  await page.getByRole('row', { selected: true }).getByRole('link', { name: '<b>plan.txt' }).waitFor()

  await page.getByRole('toolbar').getByRole('button', { name: 'Details' }).click()
  await page.getByRole('tab', { name: 'Activity' }).click()
  await change(page, 'admin created this file').waitFor()
  await cairn.api('POST', '/files/move', { from: '/shared/<b>plan.txt', to: '/plan.txt' })
  await go(page, 'Activity', true)
  await page.goto(`${cairn.url}/activity?folder=%2Fshared&when=today`)
  await change(page, 'admin moved plan.txt').getByText('from /shared to Files').waitFor()
  await page.goto(`${cairn.url}/activity?actor=nobody-of-that-name`)
  await page.getByText('Nothing that happened fits this filter.').waitFor()
  t.deepEqual(await violations(page), [])
})

pageTest(
  'of thousands of changes only some pages are held, and the way back leads to the newest',
  async t => {
    const { page, cairn } = await start(t)
    for (let first = 0; first < 700; first += 10) {
      const some = Array.from({ length: 10 }, (_, index) => `/file ${first + index}.txt`)
      await Promise.all(some.map(path => put(cairn, path, 'x')))
    }
    await go(page, 'Activity')
    const rows = page.getByRole('region', { name: 'Today' }).getByRole('listitem')
    await rows.nth(99).waitFor()
    for (let pages = 2; pages <= 5; pages++) {
      await page.getByRole('button', { name: 'Show more' }).click()
      await rows.nth(pages * 100 - 1).waitFor()
    }
    const newest = (await rows.first().textContent()) ?? ''
    await page.getByRole('button', { name: 'Show more' }).click()
    await page.getByRole('button', { name: 'Show newer' }).waitFor()
    t.is(await rows.count(), 500)
    await page.getByRole('button', { name: 'Show newer' }).click()
    await rows.first().filter({ hasText: newest }).waitFor()
    t.is(await rows.count(), 500)
  },
)

pageTest(
  'full pages of the past are sound on desktop and phone, light and dark, with long names too',
  async t => {
    const { cairn, page: first } = await start(t)
    await first.close()
    const long = `${'A very long name that somebody thought a good idea '.repeat(4)}.txt`
    for (const text of ['one', 'two']) await put(cairn, `/shared/${long}`, text)
    await put(cairn, `/${long}`, 'three')
    await remove(cairn, `/${long}`)
    const browser = await openBrowser(t)
    for (const scheme of ['light', 'dark'] as const) {
      for (const size of ['desktop', 'phone'] as const) {
        const page = await openPage(t, browser, { scheme, size })
        const isSound = async (what: string) => {
          t.deepEqual(await violations(page), [], `${what}, ${scheme}, ${size}`)
          t.false(await scrollsSideways(page), `${what}, ${scheme}, ${size}`)
        }
        await signIn(page, cairn)
        await page.goto(`${cairn.url}/trash`)
        await item(page, long).waitFor()
        await page.getByLabel(`Select ${long}`).check()
        await isSound('trash')
        await page.goto(`${cairn.url}/activity`)
        await change(page, 'admin deleted').waitFor()
        await isSound('activity')
        await page.goto(`${cairn.url}/files/shared`)
        const drawer = await details(page, long, 'Earlier versions')
        await drawer.getByText('Present · admin', { exact: false }).waitFor()
        await isSound('versions')
        await page.getByRole('tab', { name: 'Activity' }).click()
        await change(page, 'admin changed').waitFor()
        await isSound('own activity')
        await page.context().close()
      }
    }
  },
)

pageTest(
  'This box says which places are still being looked through, and nothing once they are known',
  async t => {
    const { page } = await start(t)
    const place = { pool: 'pool', isTrue: false, kind: 'shares', name: 'shared', entries: 12_300 }
    const answers = [
      [place, { ...place, kind: 'homes', name: 'admin', entries: 45 }],
      [{ ...place, isTrue: true }],
    ]
    await page.route('**/api/v1/files/index', route => route.fulfill({ json: answers.shift() ?? [] }))
    await go(page, 'This box')
    const note = page.getByText(
      'Getting to know what is in shared and the home of admin: 12,345 files and folders',
    )
    await note.waitFor()
    t.deepEqual(await violations(page), [])
    await note.waitFor({ state: 'detached' })
  },
)

async function start(t: ExecutionContext): Promise<{ page: Page; cairn: Cairn }> {
  const cairn = await startCairn(t, { args: claimed })
  const page = await openPage(t, await openBrowser(t))
  await signIn(page, cairn)
  await page.getByRole('link', { name: 'shared' }).waitFor()
  return { page, cairn }
}

async function go(page: Page, place: string, isBehind = false) {
  if (isBehind) await page.keyboard.press('Escape')
  await page.getByRole('navigation', { name: 'Places' }).getByRole('link', { name: place }).click()
}

/** A row of the trash. */
function item(page: Page, name: string): Locator {
  return page.getByRole('list', { name: 'Trash' }).getByRole('listitem').filter({ hasText: name })
}

function change(page: Page, sentence: string): Locator {
  return page.getByRole('region').getByRole('listitem').filter({ hasText: sentence })
}

async function details(page: Page, name: string, tab: string): Promise<Locator> {
  const row = page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) })
  await row.getByRole('gridcell').last().click()
  const button = page.getByRole('toolbar').getByRole('button', { name: 'Details' })
  if (!(await button.isVisible())) {
    await page.getByRole('toolbar').getByRole('button', { name: 'More' }).click()
    await page.getByRole('menuitem', { name: 'Details' }).click()
    await page.getByRole('menuitem').first().waitFor({ state: 'detached' })
  } else await button.click()
  await page.getByRole('tab', { name: tab }).click()
  return page.getByRole('dialog', { name: 'Details' })
}

async function undo(page: Page, toast: string) {
  await page.getByRole('alert').filter({ hasText: toast }).getByRole('button', { name: 'Undo' }).click()
}

async function localFile(t: ExecutionContext, text: string): Promise<string> {
  const path = join(await tempFolder(t), 'local.txt')
  await writeFile(path, text)
  return path
}

const contentOf = (cairn: Cairn, path: string) =>
  `${cairn.url}/api/v1/files/content?path=${encodeURIComponent(path)}`
const headers = { authorization: basic(admin) }

async function put(cairn: Cairn, path: string, body: string) {
  await fetch(contentOf(cairn, path), { method: 'PUT', headers, body })
}

async function read(cairn: Cairn, path: string): Promise<string> {
  return (await fetch(contentOf(cairn, path), { headers })).text()
}

async function remove(cairn: Cairn, ...paths: string[]) {
  await cairn.api('POST', '/files/delete', { paths })
}

async function names(cairn: Cairn, path: string): Promise<string[]> {
  const { body } = await cairn.api('GET', `/files?path=${encodeURIComponent(path)}`)
  return body.entries.map((entry: { name: string }) => entry.name)
}
