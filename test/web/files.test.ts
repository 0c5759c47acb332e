import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import type { Locator, Page } from 'playwright-core'
import { admin, basic, type Cairn, claimed, eventually, startCairn } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'
import { tempFolder } from '../helpers/temp.ts'
import { openBrowser, openPage, signIn, violations } from './browser.ts'

const pageTest = testIf('root', 'btrfs', 'chromium')

pageTest('files are uploaded, renamed, moved, copied and deleted, and each undo undoes', async t => {
  const { page, cairn } = await openFiles(t)
  await upload(page, [file('report.txt', 'one'), file('other.txt', 'other')])
  await row(page, 'report.txt').waitFor()
  t.is(await content(cairn, '/report.txt'), 'one')

  await upload(page, [file('report.txt', 'two')])
  t.deepEqual(await violations(page), [])
  await page.getByRole('button', { name: 'Keep both' }).click()
  await row(page, 'report 2.txt').waitFor()
  await upload(page, [file('report.txt', 'three')])
  await page.getByRole('button', { name: 'Replace the file that is there' }).click()
  await eventually(async () => (await content(cairn, '/report.txt')) === 'three')
  t.is(await content(cairn, '/report 2.txt'), 'two')

  await newFolder(page, 'Papers')
  await choose(page, 'report.txt')
  await act(page, 'Rename')
  await page.getByLabel('New name').fill('summary.txt')
  await page.getByRole('dialog').getByRole('button', { name: 'Rename' }).click()
  await row(page, 'summary.txt').waitFor()
  await undo(page, 'report.txt is now summary.txt')
  await row(page, 'report.txt').waitFor()

  await choose(page, 'report 2.txt')
  await act(page, 'Move')
  await page.getByRole('dialog').getByRole('button', { name: 'Papers' }).click()
  await page.getByRole('button', { name: 'Move to Papers' }).click()
  await row(page, 'report 2.txt').waitFor({ state: 'detached' })
  await page.getByText('report 2.txt moved to Papers').waitFor()
  t.is(await content(cairn, '/Papers/report 2.txt'), 'two')
  await undo(page, 'report 2.txt moved to Papers')
  await row(page, 'report 2.txt').waitFor()

  await choose(page, 'report.txt')
  await act(page, 'Copy')
  await page.getByRole('dialog').getByRole('button', { name: 'Papers' }).click()
  await page.getByRole('button', { name: 'Copy to Papers' }).click()
  await page.getByText('report.txt copied to Papers').waitFor()

  await choose(page, 'other.txt')
  await act(page, 'Delete')
  await row(page, 'other.txt').waitFor({ state: 'detached' })
  await page.getByText('other.txt deleted').waitFor()
  t.deepEqual(await violations(page), [])
  t.deepEqual(await names(cairn, '/'), ['Papers', 'report 2.txt', 'report.txt', 'shared'])
  await undo(page, 'other.txt deleted')
  await page.getByText('other.txt is back').waitFor()
  await row(page, 'other.txt').waitFor()
  t.is(await content(cairn, '/other.txt'), 'other')
  await choose(page, 'other.txt')
  await act(page, 'Delete')
  await row(page, 'other.txt').waitFor({ state: 'detached' })
  await eventually(async () => !(await names(cairn, '/')).includes('other.txt'))
  t.deepEqual(await names(cairn, '/'), ['Papers', 'report 2.txt', 'report.txt', 'shared'])
  t.deepEqual(await names(cairn, '/Papers'), ['report.txt'])
})

pageTest('the list is driven by the keyboard alone', async t => {
  const { page, cairn } = await openFiles(t)
  await putFile(cairn, '/a.txt', 'alpha')
  await putFile(cairn, '/b.txt', 'beta')
  await cairn.api('POST', '/files/folders', { path: '/Folder' })
  await row(page, 'Folder').waitFor()
  await page.getByRole('grid').focus()
  await page.keyboard.press('ArrowDown')
  t.is(await row(page, 'Folder').getAttribute('aria-selected'), 'true')
  await page.keyboard.press('Enter')
  await page.getByText('Files that you upload or drop here', { exact: false }).waitFor()
  await page.goBack()
  await row(page, 'a.txt').waitFor()
  await page.getByRole('grid').focus()
  await page.keyboard.press('End')
  await page.keyboard.press(' ')
  await page.getByRole('dialog').getByText('beta').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await page.keyboard.press('F2')
  await focused(page.getByLabel('New name'))
  await page.keyboard.type('renamed')
  await page.keyboard.press('Enter')
  await row(page, 'renamed.txt').waitFor()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await page.keyboard.press('/')
  await page.keyboard.type('renam')
  await page.getByText('1 of 4 items').waitFor()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Control+a')
  await page.keyboard.press('Delete')
  await undo(page, 'renamed.txt deleted')
  await row(page, 'renamed.txt').waitFor()
  await page.keyboard.press('?')
  await page.getByRole('dialog', { name: 'Keys' }).waitFor()
  t.deepEqual(await names(cairn, '/'), ['Folder', 'a.txt', 'renamed.txt', 'shared'])
})

pageTest('a whole folder is uploaded with its folders and times, and downloaded as a zip', async t => {
  const { page, cairn } = await openFiles(t)
  const folder = join(await tempFolder(t), 'Trip')
  await mkdir(join(folder, 'day one'), { recursive: true })
  await writeFile(join(folder, 'plan.txt'), 'go')
  await writeFile(join(folder, 'day one', 'map.txt'), 'there')
  await page.locator('input[webkitdirectory]').setInputFiles(folder)
  await page.getByText('2 files uploaded').waitFor()
  await row(page, 'Trip').waitFor()
  t.is(await content(cairn, '/Trip/day one/map.txt'), 'there')
  await choose(page, 'Trip')
  const [download] = await Promise.all([page.waitForEvent('download'), act(page, 'Download')])
  t.is(download.suggestedFilename(), 'Trip.zip')
  const zip = await readFile(await download.path())
  t.true(zip.includes('Trip/day one/map.txt'))
})

pageTest('files are dragged onto a folder, and files from outside are dropped on the page', async t => {
  const { page, cairn } = await openFiles(t)
  await putFile(cairn, '/letter.txt', 'dear')
  await newFolder(page, 'Papers')
  await row(page, 'letter.txt').dragTo(row(page, 'Papers'))
  await page.getByText('letter.txt moved to Papers').waitFor()
  await eventually(async () => (await names(cairn, '/Papers')).includes('letter.txt'))
  const transfer = await page.evaluateHandle(`(() => {
    const dropped = new DataTransfer()
    dropped.items.add(new File(['from outside'], 'outside.txt'))
    return dropped
  })()`)
  const list = page.getByRole('grid')
  await list.dispatchEvent('dragover', { dataTransfer: transfer })
  await page.getByText('Drop to upload to Files').waitFor()
  await list.dispatchEvent('drop', { dataTransfer: transfer })
  await row(page, 'outside.txt').waitFor()
  t.is(await content(cairn, '/outside.txt'), 'from outside')
})

pageTest('two thousand files are a list of which only what is seen is in the document', async t => {
  const { page, cairn } = await openFiles(t)
  const files = Array.from({ length: 2000 }, (_, index) => file(`${index + 1}.txt`, `${index}`))
  for (let first = 0; first < files.length; first += 8) {
    const some = files.slice(first, first + 8)
    await Promise.all(some.map(({ name, buffer }) => putFile(cairn, `/shared/${name}`, buffer.toString())))
  }
  await page.goto(`${cairn.url}/files/shared`)
  await page.getByText('2,000 items').waitFor()
  t.is(await page.getByRole('grid').getAttribute('aria-rowcount'), '2001')
  t.true((await page.getByRole('row').count()) < 60)
  await page.getByRole('grid').focus()
  await page.keyboard.press('End')
  await row(page, '2000.txt').waitFor()
  t.deepEqual(await violations(page), [])
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Show as a grid' }).click()
  await page.getByRole('gridcell', { name: '2000.txt' }).waitFor()
  t.deepEqual(await violations(page), [])
})

pageTest('what changes elsewhere shows without a reload, and a long upload can be cancelled', async t => {
  const { page, cairn } = await openFiles(t)
  await putFile(cairn, '/from-elsewhere.txt', 'x')
  await row(page, 'from-elsewhere.txt').waitFor()
  const big = join(await tempFolder(t), 'big.bin')
  await writeFile(big, Buffer.alloc(200_000_000))
  const session = await page.context().newCDPSession(page)
  await session.send('Network.enable')
  await session.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: 2_000_000,
  })
  await page.locator('input[type=file]:not([webkitdirectory])').setInputFiles(big)
  const tray = page.getByRole('region', { name: 'Work under way' })
  await tray.getByText(/left$/).waitFor()
  t.deepEqual(await violations(page), [])
  await tray.getByRole('button', { name: 'Cancel' }).click()
  await tray.getByText('cancelled', { exact: false }).waitFor()
  t.deepEqual(await names(cairn, '/'), ['from-elsewhere.txt', 'shared'])
})

pageTest('a folder shows the size of all in it, follows what happens below, and is sorted by it', async t => {
  const { page, cairn } = await openFiles(t)
  await cairn.api('POST', '/files/folders', { path: '/Large' })
  await cairn.api('POST', '/files/folders', { path: '/Large/deep' })
  await cairn.api('POST', '/files/folders', { path: '/Small' })
  await putFile(cairn, '/Large/deep/a.bin', 'x'.repeat(12_000))
  await putFile(cairn, '/Small/b.bin', 'x'.repeat(500))
  await row(page, 'Large').getByText('12 KB').waitFor()
  await row(page, 'Small').getByText('500 B').waitFor()
  await page.getByRole('button', { name: 'Size', exact: true }).click()
  const order = async () => (await page.getByRole('row').getByRole('link').allTextContents()).join()
  t.is(await order(), 'shared,Small,Large')
  await putFile(cairn, '/Small/c.bin', 'x'.repeat(20_000))
  await row(page, 'Small').getByText('20.5 KB').waitFor()
  t.is(await order(), 'shared,Large,Small')
  await choose(page, 'Small')
  await act(page, 'Details')
  await page.getByRole('dialog').getByText('20.5 KB (20,500 bytes)').waitFor()
})

async function openFiles(t: ExecutionContext): Promise<{ page: Page; cairn: Cairn }> {
  const cairn = await startCairn(t, { args: claimed })
  const page = await openPage(t, await openBrowser(t))
  await signIn(page, cairn)
  await row(page, 'shared').waitFor()
  return { page, cairn }
}

function file(name: string, text: string) {
  return { name, mimeType: 'text/plain', buffer: Buffer.from(text) }
}

async function upload(page: Page, files: ReturnType<typeof file>[]) {
  await page.locator('input[type=file]:not([webkitdirectory])').setInputFiles(files)
}

function row(page: Page, name: string): Locator {
  return page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) })
}

/** Waits until it has the keyboard. */
async function focused(locator: Locator) {
  await locator.and(locator.page().locator(':focus')).waitFor()
}

async function choose(page: Page, name: string) {
  await row(page, name).getByRole('gridcell').last().click()
}

async function act(page: Page, action: string) {
  await page.getByRole('toolbar').getByRole('button', { name: action }).click()
}

async function newFolder(page: Page, name: string) {
  await page.getByRole('button', { name: 'New folder' }).click()
  await page.getByRole('dialog').getByLabel('Name').fill(name)
  await page.getByRole('button', { name: 'Create folder' }).click()
  await row(page, name).waitFor()
}

async function undo(page: Page, toast: string) {
  await page.getByRole('alert').filter({ hasText: toast }).getByRole('button', { name: 'Undo' }).click()
}

async function putFile(cairn: Cairn, path: string, text: string) {
  await fetch(`${cairn.url}/api/v1/files/content?path=${encodeURIComponent(path)}`, {
    method: 'PUT',
    headers: { authorization: basic(admin) },
    body: text,
  })
}

async function content(cairn: Cairn, path: string): Promise<string> {
  const response = await fetch(`${cairn.url}/api/v1/files/content?path=${encodeURIComponent(path)}`, {
    headers: { authorization: basic(admin) },
  })
  return response.text()
}

async function names(cairn: Cairn, path: string): Promise<string[]> {
  const { body } = await cairn.api('GET', `/files?path=${encodeURIComponent(path)}`)
  return body.entries.map((entry: { name: string }) => entry.name)
}
