import type { Page } from 'playwright-core'
import { type Cairn, claimed, startCairn } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'
import { openBrowser, openPage, scrollsSideways, signIn, sizes, violations } from './browser.ts'

const pagesTest = testIf('root', 'btrfs', 'chromium')
const longName =
  'A folder with a very long name that goes on and on, because somebody thought a sentence makes a good name'
/** Each page, and what stands on it when all of it has come. */
const pages = {
  '/files': longName,
  '/files/nowhere': 'There is no such file or folder.',
  '/trash': 'What you or others delete will be listed here',
  '/activity': 'made the folder',
  '/history': 'Your own files',
  '/history/shared': 'Nothing has been kept yet.',
  '/storage': 'All is well',
  '/hardware': 'Only what a fact or a figure of this machine speaks for.',
  '/shares': 'everyone may read and write',
  '/shares/shared': 'In the Finder: Go, Connect to server.',
  '/people': 'admin · Administrator',
  '/settings': 'In the Finder: Go, Connect to server.',
}

pagesTest(
  'no page has a violation of accessibility or scrolls sideways, in either scheme, on desktop and phones',
  async t => {
    const cairn = await startCairn(t, { args: claimed })
    await cairn.api('POST', '/files/folders', { path: `/${longName}` })
    const browser = await openBrowser(t)
    for (const scheme of ['light', 'dark'] as const) {
      for (const size of Object.keys(sizes) as (keyof typeof sizes)[]) {
        const page = await openPage(t, browser, { scheme, size })
        await page.goto(cairn.url)
        await page.getByRole('button', { name: 'Sign in' }).waitFor()
        t.deepEqual(await violations(page), [], `sign in, ${scheme}, ${size}`)
        await signIn(page, cairn)
        for (const path of Object.keys(pages) as (keyof typeof pages)[]) {
          await open(page, cairn, path)
          t.deepEqual(await violations(page), [], `${path}, ${scheme}, ${size}`)
          t.false(await scrollsSideways(page), `${path}, ${scheme}, ${size}`)
        }
      }
    }
  },
)

pagesTest('on a phone everything to press is 44 pixels high, and the places are at the bottom', async t => {
  const cairn = await startCairn(t, { args: claimed })
  await cairn.api('POST', '/files/folders', { path: `/${longName}` })
  const page = await openPage(t, await openBrowser(t), { size: 'phone' })
  await signIn(page, cairn)
  for (const path of Object.keys(pages) as (keyof typeof pages)[]) {
    await open(page, cairn, path)
    const small = await page.evaluate<string[]>(`[...document.querySelectorAll('button, a[href], [role=row]')]
      .filter(element => element.offsetParent && !element.closest('[role=row]:has(a)') && !element.closest('nav[aria-label="Where you are"], ol > li > span'))
      .filter(element => element.getBoundingClientRect().height < 43.5 && !element.closest('[role=columnheader]'))
      .map(element => element.outerHTML.slice(0, 120))`)
    t.deepEqual(small, [], path)
  }
  const places = await page.getByRole('navigation', { name: 'Places' }).boundingBox()
  t.true((places?.y ?? 0) > 700)
  t.is(await page.getByRole('navigation', { name: 'Places' }).getByRole('listitem').count(), 5)
  await page.getByRole('navigation', { name: 'Places' }).getByRole('button', { name: 'More' }).click()
  await page.getByRole('menuitem', { name: 'People' }).click()
  await page.getByRole('heading', { name: 'People' }).waitFor()
})

async function open(page: Page, cairn: Cairn, path: keyof typeof pages) {
  await page.goto(`${cairn.url}${path}`)
  await page.getByText(pages[path], { exact: false }).first().waitFor()
}
