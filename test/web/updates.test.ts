import type { Page } from 'playwright-core'
import type { EarlierVersion, UpdateState } from '../../appliance/web/api/updates.ts'
import { admin, eventually, startCairn } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'
import { openBrowser, openPage, scrollsSideways, signIn, sizes, violations } from './browser.ts'

const pageTest = testIf('root', 'btrfs', 'chromium')

const flashed: UpdateState = {
  version: '1.0.0',
  isPossible: true,
  isOnTrial: false,
  slots: {
    compatible: 'cairn-amd64',
    slots: [
      { name: 'A', isBooted: true, isNext: true, version: null },
      { name: 'B', isBooted: false, isNext: false, version: '0.9.0' },
    ],
  },
  bundle: null,
  waitsForRestart: false,
  restartAt: null,
}

pageTest('the page of updates says what runs, what was received and what comes next', async t => {
  const cairn = await startCairn(t, { args: ['--admin', `${admin.name}:${admin.password}`] })
  const browser = await openBrowser(t)
  for (const scheme of ['light', 'dark'] as const) {
    for (const size of ['desktop', 'phone'] as const) {
      const page = await openPage(t, browser, { scheme, size })
      const isSound = async () => {
        t.deepEqual(await violations(page), [], `${scheme}, ${size}`)
        t.false(await scrollsSideways(page))
      }
      await signIn(page, cairn)
      // This one was not flashed.
      await page.goto(`${cairn.url}/updates`)
      await page.getByText('is updated in the way it was installed', { exact: false }).waitFor()
      await isSound()

      await shown(page, flashed)
      await page.getByRole('button', { name: 'Choose an update' }).waitFor()
      await page.getByText('0.9.0', { exact: true }).waitFor()
      await isSound()
      await shown(page, { ...flashed, bundle: { receivedBytes: 2e8, version: '1.1.0', problem: null } })
      await page.getByRole('button', { name: 'Install 1.1.0' }).waitFor()
      await isSound()
      const problem = 'The update was refused: Failed to verify signature: self-signed certificate.'
      await shown(page, { ...flashed, bundle: { receivedBytes: 2e8, version: null, problem } })
      await page.getByText('self-signed certificate', { exact: false }).waitFor()
      await isSound()
      const installed = {
        compatible: 'cairn-amd64',
        slots: [
          { name: 'A', isBooted: true, isNext: false, version: null },
          { name: 'B', isBooted: false, isNext: true, version: '1.1.0' },
        ],
      }
      await shown(page, { ...flashed, slots: installed, waitsForRestart: true })
      await page.getByRole('button', { name: 'Restart at three in the night' }).waitFor()
      await isSound()
      await shown(page, {
        ...flashed,
        version: '1.1.0',
        isOnTrial: true,
      })
      await page.getByText('Version 1.1.0 is on trial').waitFor()
      await isSound()
      await shown(page, { ...flashed, slots: { compatible: 'cairn-rpi', slots: installed.slots } })
      await page.getByText('Not yet run on a real Raspberry Pi').waitFor()
      await isSound()
      await page.context().close()
    }
  }
})

const earlier: EarlierVersion = {
  version: '0.9.0',
  lost: [
    { what: 'people', how: 'added', count: 2, names: ['ruth', 'zoe'] },
    { what: 'devices', how: 'added', count: 1, names: ['tablet (ann)'] },
    { what: 'sessions', how: 'added', count: 3, names: [] },
    { what: 'settings', how: 'changed', count: 1, names: ['system/name'] },
    {
      what: 'labels',
      how: 'removed',
      count: 9,
      names: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'before the holiday'],
    },
  ],
  kept: [
    { what: 'people', how: 'removed', count: 1, names: ['eve'] },
    { what: 'passwords', how: 'changed', count: 1, names: ['bob'] },
  ],
  problem: null,
}

pageTest(
  'the page says what going back to the version before would lose, and goes back only then',
  async t => {
    const cairn = await startCairn(t, { args: ['--admin', `${admin.name}:${admin.password}`] })
    const page = await openPage(t, await openBrowser(t))
    await signIn(page, cairn)
    const asked: unknown[] = []
    await page.route('**/api/v1/updates/go-back', async route => {
      asked.push(route.request().postDataJSON())
      await route.fulfill({ status: 204 })
    })
    let answer: EarlierVersion = { ...earlier, problem: 'None of the present administrators had an account.' }
    await page.route('**/api/v1/updates/earlier', route => route.fulfill({ json: answer }))
    const open = () => page.getByRole('button', { name: 'Go back to 0.9.0…' }).click()
    const action = page.getByRole('button', { name: 'Go back and restart' })
    await shown(page, flashed, cairn.url)
    await open()
    await page.getByText('None of the present administrators', { exact: false }).waitFor()
    t.true(await action.isDisabled())

    answer = earlier
    await shown(page, flashed)
    await page.getByText('Version 0.9.0 is still in the other place', { exact: false }).waitFor()
    await isSound('updates-back-offer')
    await open()
    await page.getByText('People, gone: ruth and zoe').waitFor()
    await page.getByText('Browsers that are signed in, gone: 3').waitFor()
    await page.getByText('Passwords, changed since: bob').waitFor()
    await page.getByText('Settings of the box, as they were then: the name of the box').waitFor()
    await isSound('updates-back-dialog')
    await action.click()
    await page.getByText('The box starts again', { exact: false }).waitFor()
    t.deepEqual(asked, [{ version: '0.9.0' }])

    async function isSound(name: string) {
      t.deepEqual(await violations(page), [], name)
      const folder = process.env.CAIRN_PICTURES
      for (const colorScheme of ['light', 'dark'] as const)
        for (const size of ['desktop', 'phone'] as const) {
          await page.emulateMedia({ colorScheme })
          await page.setViewportSize(sizes[size])
          t.false(await scrollsSideways(page), `${name}, ${size}`)
          t.deepEqual(await violations(page), [], `${name}, ${size}, ${colorScheme}`)
          if (folder) await page.screenshot({ path: `${folder}/reset-${name}-${size}-${colorScheme}.png` })
        }
      await page.emulateMedia({ colorScheme: 'light' })
      await page.setViewportSize(sizes.desktop)
    }
  },
)

pageTest('a file is sent in pieces to where updates are received', async t => {
  const cairn = await startCairn(t, { args: ['--admin', `${admin.name}:${admin.password}`] })
  const page = await openPage(t, await openBrowser(t))
  await signIn(page, cairn)
  const pieces: string[] = []
  await page.route('**/api/v1/updates/bundle*', async route => {
    const url = new URL(route.request().url())
    pieces.push(`${url.searchParams.get('offset')} ${route.request().postDataBuffer()?.length}`)
    await route.fulfill({ json: { receivedBytes: 0 } })
  })
  await shown(page, flashed, cairn.url)
  const chosen = page.waitForEvent('filechooser')
  await page.getByRole('button', { name: 'Choose an update' }).click()
  const buffer = Buffer.alloc(9 * 1024 * 1024)
  await (await chosen).setFiles({ name: 'a.raucb', mimeType: 'application/octet-stream', buffer })
  await eventually(async () => pieces.length === 2)
  t.deepEqual(pieces, ['0 8388608', '8388608 1048576'])
})

/** The page with this answer of the box. */
async function shown(page: Page, state: UpdateState, url = new URL(page.url()).origin) {
  await page.unroute('**/api/v1/updates').catch(() => undefined)
  await page.route('**/api/v1/updates', route => route.fulfill({ json: state }))
  await page.goto(`${url}/updates`)
}
