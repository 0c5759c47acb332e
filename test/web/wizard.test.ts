import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import type { Page } from 'playwright-core'
import { type Cairn, dataFolder, startCairn } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'
import { openBrowser, openPage, scrollsSideways, sizes, violations } from './browser.ts'

const wizardTest = testIf('root', 'btrfs', 'chromium')
const args = ['--practice-disks', '3', '--practice-size', '1G']

wizardTest(
  'the wizard claims a box, goes on after a reload, erases only what was typed, and ends with the addresses',
  async t => {
    const cairn = await startUnclaimed(t)
    const page = await openPage(t, await openBrowser(t))
    await page.goto(`${cairn.url}/`)
    await page.waitForURL(/\/setup$/)
    await page.getByLabel('Claim code').fill('AAAA-AAAA')
    await page.getByRole('button', { name: 'Begin' }).click()
    await page.getByText('That is not the code this box shows. Look again.').waitFor()
    await page.goto(`${cairn.url}/setup#code=${claimCode(cairn)}`)
    await page.reload()
    t.is(await page.getByLabel('Claim code').inputValue(), claimCode(cairn))
    t.deepEqual(await violations(page), [])
    await page.getByRole('button', { name: 'Begin' }).click()
    await fillAccount(page)
    t.deepEqual(await violations(page), [])
    await next(page)

    await choosePracticeDisks(page)
    await page.getByText('What will be done').waitFor()
    await page.getByRole('radio', { name: 'Two copies', exact: true, checked: true }).waitFor()
    t.deepEqual(await violations(page), [])
    await next(page)
    t.deepEqual(await violations(page), [])
    await next(page)

    await page.getByRole('heading', { name: 'Review' }).waitFor()
    await page.reload()
    await page.getByLabel('Password', { exact: true }).fill('long enough 1')
    const apply = page.getByRole('button', { name: 'Erase disks and set up this box' })
    t.true(await apply.isDisabled())
    const confirmation = page.getByLabel(/^Type .* to confirm$/)
    await confirmation.fill((await confirmation.getAttribute('placeholder')) ?? '')
    t.deepEqual(await violations(page), [])
    await apply.click()

    await page.getByRole('heading', { name: 'Your box is ready' }).waitFor()
    await page.getByText('smb://', { exact: false }).first().waitFor()
    t.deepEqual(await violations(page), [])
    await page.getByRole('link', { name: 'Open your files' }).click()
    await page.getByRole('link', { name: 'shared' }).waitFor()
    const user = { name: 'ada', password: 'long enough 1' }
    const pools = await cairn.api('GET', '/pools', undefined, user)
    t.like(pools.body[0], { name: 'pool', state: 'healthy', profile: 'raid1' })
    await page.goto(`${cairn.url}/setup`)
    await page.getByRole('heading', { name: 'Your box is ready' }).waitFor()
  },
)

wizardTest('the last step measures the box where that is wanted, and says what it found', async t => {
  const cairn = await startCairn(t, { args })
  const page = await openPage(t, await openBrowser(t))
  await setUp(page, cairn)
  const measuring = page.getByRole('region', { name: 'How fast this box is' })
  const start = measuring.getByRole('button', { name: 'Measure this box' })
  await start.waitFor()
  t.deepEqual(await violations(page), [])
  await pictures(page, 'wizard-measure-offer')

  await start.focus()
  await page.keyboard.press('Enter')
  const progress = measuring.getByRole('progressbar', { name: 'Measuring this box' })
  await progress.waitFor()
  t.deepEqual(await violations(page), [])
  await pictures(page, 'wizard-measure-progress')
  // The focus has stayed where it was.
  await page.keyboard.press('Enter')
  await start.waitFor()

  await page.keyboard.press('Enter')
  await progress.waitFor()
  await page.reload()
  await progress.waitFor()
  const found = measuring.getByRole('status')
  await found.getByText('Writing to pool').waitFor({ timeout: 90_000 })
  await found
    .getByText(/^It takes in [\d,.]+\sMB a second, .* safe on the disks after [\d,.]+\sms\.$/)
    .waitFor()
  await found.getByText(/^One core encrypts [\d,.]+\sMB a second, /).waitFor()
  await measuring.getByRole('button', { name: 'Measure again' }).waitFor()
  t.deepEqual(await violations(page), [])
  await pictures(page, 'wizard-measure-found')
  await found.getByRole('link', { name: 'See what, and set it' }).click()
  await page.getByRole('heading', { name: 'What Cairn sets for it' }).waitFor()
})

wizardTest('what could not be measured says why, and can be tried again', async t => {
  const cairn = await startCairn(t, { args })
  const page = await openPage(t, await openBrowser(t))
  const error = { code: 'tuning/cancelled', message: 'The agent went away.' }
  const job = {
    id: 'x',
    kind: 'tuning/calibrate',
    title: 'x',
    state: 'failed',
    fraction: 0.4,
    message: '',
    error,
  }
  await page.route('**/api/v1/jobs', route => route.fulfill({ json: [job] }))
  await setUp(page, cairn)
  await page.getByText('Measuring did not finish').waitFor()
  await page.getByText('The agent went away.').waitFor()
  await page.getByRole('button', { name: 'Measure this box' }).waitFor()
  t.deepEqual(await violations(page), [])
})

wizardTest('the wizard fits a narrow phone in the dark', async t => {
  const cairn = await startCairn(t, { args })
  const page = await openPage(t, await openBrowser(t), { size: 'narrow', scheme: 'dark' })
  await page.goto(`${cairn.url}/setup#code=${claimCode(cairn)}`)
  await page.getByRole('button', { name: 'Begin' }).click()
  await fillAccount(page)
  t.deepEqual(await violations(page), [])
  await next(page)
  await choosePracticeDisks(page)
  await page.getByText('What will be done').waitFor()
  t.deepEqual(await violations(page), [])
  t.false(await scrollsSideways(page))
})

/** Unclaimed, with a file system on the first disk. */
async function startUnclaimed(t: ExecutionContext): Promise<Cairn> {
  const dataDir = await dataFolder(t)
  const first = await startCairn(t, { dataDir, args })
  await first.stop()
  execFileSync('mkfs.ext4', ['-q', '-F', '-L', 'holiday', join(dataDir, 'disks', 'disk-1.img')])
  return startCairn(t, { dataDir, args })
}

function claimCode({ lines }: Cairn): string {
  return lines.join('\n').match(/#code=(\S+)/)?.[1] ?? ''
}

/** Through all steps, to the last one. */
async function setUp(page: Page, cairn: Cairn) {
  await page.goto(`${cairn.url}/setup#code=${claimCode(cairn)}`)
  await page.getByRole('button', { name: 'Begin' }).click()
  await fillAccount(page)
  await next(page)
  await choosePracticeDisks(page)
  await page.getByText('What will be done').waitFor()
  await next(page)
  await next(page)
  await page.getByRole('button', { name: 'Set up this box' }).click()
  await page.getByRole('heading', { name: 'Your box is ready' }).waitFor()
}

/** As it is, on a desktop and on a phone, in either scheme. */
async function pictures(page: Page, name: string) {
  const folder = process.env.CAIRN_PICTURES
  if (!folder) return
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    for (const [size, viewport] of Object.entries(sizes)) {
      await page.setViewportSize(viewport)
      await page.screenshot({ path: `${folder}/${name}-${size}-${colorScheme}.png`, fullPage: true })
    }
  }
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize(sizes.desktop)
}

async function fillAccount(page: Page) {
  await page.getByLabel('Full name').fill('Ada Lovelace')
  await page.getByLabel('Name to sign in').fill('ada')
  await page.getByLabel('Password', { exact: true }).fill('long enough 1')
}

async function choosePracticeDisks(page: Page) {
  const disks = page.getByRole('checkbox', { name: /^Cairn practice disk/ })
  await disks.first().waitFor()
  for (const disk of await disks.all()) await disk.check()
}

async function next(page: Page) {
  await page.getByRole('button', { name: 'Continue' }).click()
}
