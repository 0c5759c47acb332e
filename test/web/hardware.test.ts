import type { ExecutionContext } from 'ava'
import type { Page, Route } from 'playwright-core'
import { parseFacts } from '../../appliance/tuning/parse/facts.ts'
import { planOf } from '../../appliance/tuning/plan/index.ts'
import { standingOf } from '../../appliance/tuning/plan/standing.ts'
import type { TuningReport } from '../../appliance/tuning/schema/index.ts'
import { joinBus } from '../helpers/bus.ts'
import { type Cairn, claimed, eventually, startCairn } from '../helpers/cairn.ts'
import { ofParts, readMachine, readMeasured } from '../helpers/machine-text.ts'
import { testIf } from '../helpers/needs.ts'
import { people } from '../helpers/people.ts'
import { serve } from '../helpers/rest.ts'
import { type TuningBox, tuningBox } from '../tuning/box.ts'
import { vm } from '../tuning/fake-machine.ts'
import { openBrowser, openPage, scrollsSideways, signIn, sizes, violations } from './browser.ts'

const pageTest = testIf('root', 'btrfs', 'chromium')
const bob = { name: 'bob', password: 'another long one' }

pageTest('an administrator measures the box and copies the report; nobody else comes there', async t => {
  const cairn = await startCairn(t, { args: claimed })
  const browser = await openBrowser(t)
  const page = await openPage(t, browser)
  await signIn(page, cairn)
  await page.getByRole('navigation', { name: 'Places' }).getByRole('link', { name: 'This box' }).click()
  await page.getByRole('link', { name: 'Hardware' }).click()
  await page.getByRole('button', { name: 'Measure this box' }).click()
  const figures = page.getByRole('region', { name: 'Measured here' })
  await figures.getByRole('progressbar', { name: 'Measuring this box' }).waitFor()
  t.true(await figures.getByRole('button', { name: 'Measure this box' }).isDisabled())
  t.deepEqual(await violations(page), [])
  await figures.getByRole('button', { name: 'Measure again' }).waitFor({ timeout: 90_000 })
  await figures
    .getByRole('region', { name: 'Checksums' })
    .getByText(/^[\d,.]+ MB\/s$/)
    .first()
    .waitFor()
  await figures.getByText('Writing to the pool pool').waitFor()
  t.deepEqual(await violations(page), [])

  await page.getByRole('button', { name: 'Report for a bug' }).click()
  const dialog = page.getByRole('dialog', { name: 'Report for a bug' })
  const text = dialog.getByLabel('The report')
  await eventually(async () => (await text.inputValue()).startsWith('Cairn'))
  t.deepEqual(await violations(page), [])
  const said = await text.inputValue()
  t.regex(said, /^Measured /m)
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await dialog.getByRole('button', { name: 'Copy report' }).click()
  await page.getByText('The report is copied').waitFor()
  t.is(await page.evaluate('navigator.clipboard.readText()'), said)

  await cairn.api('POST', '/users', { ...bob, displayName: 'Bob', role: 'member' })
  const bobs = await openPage(t, browser)
  await signIn(bobs, cairn, bob)
  await bobs.goto(`${cairn.url}/hardware`)
  await bobs.waitForURL(/\/files$/)
})

pageTest('settings are applied, put back and chosen, one by one and all, by keyboard too', async t => {
  const cairn = await startCairn(t, { args: claimed })
  const box = await tuningBox(t)
  const page = await openPage(t, await openBrowser(t))
  await signIn(page, cairn)
  await standIn({ t, page, cairn, box })
  await page.goto(`${cairn.url}/hardware`)
  const planned = page.getByRole('list', { name: 'Planned' })
  const set = page.getByRole('list', { name: 'Set by Cairn' })
  const drawer = page.getByRole('dialog')

  await planned.getByRole('button', { name: 'When memory is swapped' }).focus()
  await page.keyboard.press('Enter')
  await drawer.getByText('All swap is zram.').waitFor()
  t.deepEqual(await violations(page), [])
  await picture(page, 'hardware-setting', false)
  await drawer.getByRole('button', { name: 'Apply this setting' }).click()
  await drawer.getByRole('button', { name: 'Put it back' }).waitFor()
  t.is(await box.machine.get(`${vm}/swappiness`), '180')
  t.is(await box.machine.get(`${vm}/page-cluster`), '3')

  await drawer.getByLabel('A value of your own').fill('900')
  await drawer.getByRole('button', { name: 'Choose this value' }).click()
  await drawer.getByText('vm.swappiness cannot be set to 900 on this machine.').waitFor()
  t.deepEqual(await violations(page), [])
  await drawer.getByLabel('A value of your own').fill('100')
  await page.keyboard.press('Enter')
  await drawer.getByText('Your choice', { exact: true }).waitFor()
  await drawer.getByText('Cairn would take 180.').waitFor()
  await drawer.getByRole('button', { name: 'Go back to the plan' }).click()
  await drawer.getByText('Your choice', { exact: true }).waitFor({ state: 'detached' })
  await drawer.getByRole('button', { name: 'Put it back' }).click()
  await page.getByText('When memory is swapped is as it was found').waitFor()
  t.is(await box.machine.get(`${vm}/swappiness`), '60')
  await page.keyboard.press('Escape')
  await drawer.waitFor({ state: 'detached' })

  await planned.getByRole('button', { name: 'Order of requests, sda' }).click()
  await drawer.getByRole('button', { name: 'Leave it as it is' }).click()
  await drawer.getByText('Right already', { exact: true }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: /^Apply \d settings$/ }).click()
  await set.getByRole('button', { name: 'Swap read-ahead' }).waitFor()
  t.is(await box.machine.get(`${vm}/page-cluster`), '0')
  t.is(await box.machine.get('/sys/block/sda/queue/scheduler'), '[none] mq-deadline')
  await page.getByRole('button', { name: 'Put all back' }).click()
  await set.waitFor({ state: 'detached' })
  t.is(await box.machine.get(`${vm}/page-cluster`), '3')
})

pageTest('the box is told to tune itself; what somebody put back or cancelled says so', async t => {
  const cairn = await startCairn(t, { args: claimed })
  const box = await tuningBox(t, [], { automatic: { isLooking: true } })
  await box.tuning.domain.start?.()
  const page = await openPage(t, await openBrowser(t))
  await signIn(page, cairn)
  await standIn({ t, page, cairn, box })
  await page.goto(`${cairn.url}/hardware`)
  const byItself = page.getByRole('switch', { name: 'Tune this box by itself' })
  const set = page.getByRole('list', { name: 'Set by Cairn' })
  await page.getByText('Nothing is changed before you apply it.').waitFor()
  t.false(await byItself.isChecked())
  await byItself.focus()
  await page.keyboard.press('Space')
  await page.getByText('Cairn sets these by itself').waitFor()
  t.true(await byItself.isChecked())
  t.deepEqual(await violations(page), [])

  let isSeen = false
  box.whileWatched(() => {
    if (isSeen) return
    isSeen = true
    void box.jobs.list().then(all => box.jobs.cancel(all.find(({ state }) => state === 'running')?.id ?? ''))
  })
  await box.passes(60_000)
  await page.getByText('You cancelled it').waitFor()
  t.deepEqual(await violations(page), [])
  await page.getByRole('button', { name: /^Apply \d settings$/ }).click()
  await set.getByRole('button', { name: 'When memory is swapped' }).waitFor()
  await page.getByText('You cancelled it').waitFor({ state: 'detached' })
  await untilIdle(box)

  await set.getByRole('button', { name: 'When memory is swapped' }).click()
  const drawer = page.getByRole('dialog')
  await drawer.getByRole('button', { name: 'Put it back' }).click()
  await drawer.getByText('so Cairn leaves it alone until you apply it').waitFor()
  t.deepEqual(await violations(page), [])
  await page.keyboard.press('Escape')
  await page.getByRole('list', { name: 'Planned' }).getByText('You put it back').waitFor()
  t.deepEqual(await violations(page), [])
})

pageTest('a group that was undone, and what could not be put back, say so', async t => {
  const cairn = await startCairn(t, { args: claimed })
  const box = await tuningBox(t)
  const page = await openPage(t, await openBrowser(t))
  await signIn(page, cairn)
  await standIn({ t, page, cairn, box })
  box.whileWatched(look => {
    if (look === 1) box.becomes({ state: 'danger', issues: [] })
  })
  await page.goto(`${cairn.url}/hardware`)
  await page.getByRole('button', { name: /^Apply \d settings$/ }).click()
  await page.getByText('Was undone').first().waitFor()
  await page.getByRole('button', { name: 'Swap read-ahead' }).click()
  await page.getByRole('dialog').getByText('It was set before, and undone').waitFor()
  t.deepEqual(await violations(page), [])
  await page.keyboard.press('Escape')

  await page.getByRole('button', { name: 'Order of requests, sda' }).waitFor()
  await box.machine.refuse('/sys/block/sda/queue/scheduler')
  await page.getByRole('button', { name: 'Put all back' }).click()
  await page.getByText('One setting could not be put back').waitFor()
  t.deepEqual(await violations(page), [])
  await picture(page, 'hardware-stuck', false)
})

pageTest('a machine with everything is told on every screen, in either scheme', async t => {
  const cairn = await startCairn(t, { args: claimed })
  const browser = await openBrowser(t)
  for (const scheme of ['light', 'dark'] as const) {
    for (const size of Object.keys(sizes) as (keyof typeof sizes)[]) {
      const page = await openPage(t, browser, { scheme, size })
      await signIn(page, cairn)
      await page.route('**/api/v1/tuning', route => route.fulfill({ json: reportOf('n100-four-disks') }))
      await page.goto(`${cairn.url}/hardware`)
      await page.getByText('Until a small write is safe').waitFor()
      const brought = page.getByRole('region', { name: 'What it brings here' })
      await brought.getByText('65 % faster (60 to 70 %)').waitFor()
      await brought.getByText('No difference measured (-2.1 to +3 %)').waitFor()
      await brought.getByText('4 % slower (2 to 6 %)').waitFor()
      await picture(page, `hardware-${size}-${scheme}`)
      for (const summary of await page.locator('summary').all()) await summary.click()
      await page.getByText('What one would try', { exact: false }).first().waitFor()
      t.deepEqual(await violations(page), [], `${scheme}, ${size}`)
      t.false(await scrollsSideways(page), `${scheme}, ${size}`)
      await picture(page, `hardware-open-${size}-${scheme}`)
      await page.getByRole('button', { name: 'Server processes' }).click()
      await page.getByRole('dialog').getByText('Each server process uses one core.').waitFor()
      await page.getByRole('dialog').getByText('What its group brings here').waitFor()
      t.deepEqual(await violations(page), [], `${scheme}, ${size}, drawer`)
      await picture(page, `hardware-drawer-${size}-${scheme}`, false)
    }
  }
})

pageTest('where nothing can be set each says why, and the rest of the page is as elsewhere', async t => {
  const cairn = await startCairn(t, { args: claimed })
  const page = await openPage(t, await openBrowser(t), { size: 'phone' })
  await signIn(page, cairn)
  const report = { ...reportOf('container'), isMeasuredHere: false }
  await page.route('**/api/v1/tuning', route => route.fulfill({ json: report }))
  await page.goto(`${cairn.url}/hardware`)
  await page.getByText('Inside a container').waitFor()
  t.is(await page.getByRole('region', { name: 'What it brings here' }).count(), 0)
  const unavailable = page.getByRole('list', { name: 'Cannot be set here' })
  await unavailable.getByRole('button').first().click()
  const drawer = page.getByRole('dialog')
  await drawer.getByText('It cannot be set here').waitFor()
  t.is(await drawer.getByRole('button', { name: 'Apply this setting' }).count(), 0)
  t.is(await drawer.getByLabel('A value of your own').count(), 0)
  t.deepEqual(await violations(page), [])
  await picture(page, 'hardware-unavailable', false)
  await page.keyboard.press('Escape')
  await drawer.waitFor({ state: 'detached' })
  t.is(await page.getByRole('button', { name: /^Apply/ }).count(), 0)
  t.deepEqual(await violations(page), [])
  await picture(page, 'hardware-container')
})

pageTest('a box that tunes itself says so on every screen, in either scheme', async t => {
  const cairn = await startCairn(t, { args: claimed })
  const browser = await openBrowser(t)
  const report = reportOf('pi-4-4gb')
  const [first, ...others] = report.settings
  const settings = first ? [{ ...first, state: 'planned' as const, isPutBack: true }, ...others] : []
  const json = { ...report, settings, automatic: { isOn: true, isCancelled: true } }
  for (const scheme of ['light', 'dark'] as const) {
    for (const size of Object.keys(sizes) as (keyof typeof sizes)[]) {
      const page = await openPage(t, browser, { scheme, size })
      await signIn(page, cairn)
      await page.route('**/api/v1/tuning', route => route.fulfill({ json }))
      await page.goto(`${cairn.url}/hardware`)
      await page.getByText('You cancelled it').waitFor()
      await page.getByText('You put it back').waitFor()
      t.deepEqual(await violations(page), [], `${scheme}, ${size}`)
      t.false(await scrollsSideways(page), `${scheme}, ${size}`)
      await picture(page, `hardware-by-itself-${size}-${scheme}`)
      await page.getByRole('list', { name: 'Planned' }).getByRole('button').first().click()
      await page.getByRole('dialog').getByText('so Cairn leaves it alone until you apply it').waitFor()
      t.deepEqual(await violations(page), [], `${scheme}, ${size}, drawer`)
      await picture(page, `hardware-by-itself-drawer-${size}-${scheme}`, false)
      await page.context().close()
    }
  }
})

/** What the page would hear of a machine of the fixtures, with half of the plan applied and one of its own. */
function reportOf(name: string): TuningReport {
  const { raw, pools } = readMachine(name)
  const facts = parseFacts(raw, pools, ofParts)
  const measured = readMeasured(name)
  const { settings, seen } = planOf(facts, measured ?? null, { 'net.tcp-wmem': '4096 16384 8388608' })
  const applied = settings
    .filter(({ state, group }) => state === 'planned' && group !== 'disks')
    .map(setting => ({ name: setting.name, found: setting.from, value: setting.to, isSet: true }))
  const now = settings.map(setting =>
    applied.some(one => one.name === setting.name) && !setting.isChoice
      ? { ...setting, from: setting.to, state: 'as-is' as const }
      : setting,
  )
  return {
    facts,
    measurements: measured ?? null,
    isMeasuredHere: true,
    settings: standingOf(now, applied, { undone: [], putBack: [] }),
    automatic: { isOn: false, isCancelled: false },
    brought: name === 'container' ? null : broughtThere,
    seen,
  }
}

const broughtThere: TuningReport['brought'] = {
  takenAt: '2026-11-20T12:00:00.000Z',
  machine: 'x',
  pairs: 12,
  results: [
    {
      group: 'pools',
      what: 'compression zstd:3 rather than none',
      work: 'writing what can be packed',
      percent: { median: 65, low: 60, high: 70 },
    },
    {
      group: 'faces',
      what: 'Order of ciphers, SMB: AES-128-GCM, AES-256-GCM, AES-128-CCM, AES-256-CCM rather than AES-128-GCM, AES-128-CCM, AES-256-GCM, AES-256-CCM',
      work: 'a large file there and back over SMB, encrypted',
      percent: { median: 0.4, low: -2.1, high: 3 },
    },
    {
      group: 'servers',
      what: '4 server processes rather than 3',
      work: 'small files there and back by 64 connections',
      percent: { median: -4, low: -6, high: -2 },
    },
  ],
}

/** The page's questions about tuning go to the real domain on a machine that is a folder; its news reach the page. */
async function standIn({
  t,
  page,
  cairn,
  box,
}: {
  t: ExecutionContext
  page: Page
  cairn: Cairn
  box: TuningBox
}) {
  const ann = { name: 'ann', password: 'Ann-pass-11' }
  const { users } = await people(t)
  await users.create({ ...ann, role: 'admin' })
  const routes = [...(box.tuning.domain.routes ?? []), ...(box.jobs.domain.routes ?? [])]
  const ask = await serve(t, routes, users.authenticate)
  const answer = async (route: Route) => {
    const request = route.request()
    const { pathname, search } = new URL(request.url())
    const body = request.postDataJSON() ?? undefined
    const { status, text, headers } = await ask(request.method(), pathname.slice('/api/v1'.length) + search, {
      as: ann,
      body,
    })
    await route.fulfill({ status, body: text, contentType: headers.get('content-type') ?? 'text/plain' })
  }
  await page.route(/\/api\/v1\/(tuning|jobs)\b/, answer)
  t.teardown(() => page.unrouteAll({ behavior: 'wait' }))
  await newsTo(t, cairn, box)
}

/** A change is refused while another is being watched. */
async function untilIdle(box: TuningBox) {
  for (const { id } of await box.jobs.list()) await box.jobs.finished(id)
}

async function newsTo(t: ExecutionContext, cairn: Cairn, box: TuningBox) {
  const events = await joinBus(t, cairn)
  box.events.onAny(({ name, data }) => events.publish(name, data as never))
}

async function picture(page: Page, name: string, isFull = true) {
  const folder = process.env.CAIRN_PICTURES
  if (!folder) return
  // The content scrolls within the frame: for a picture of all of it the window is as high.
  const before = page.viewportSize()
  if (isFull && before) {
    const height = await page.evaluate<number>(`document.querySelector('main').scrollHeight`)
    await page.setViewportSize({ width: before.width, height: height + 60 })
  }
  await page.screenshot({ path: `${folder}/${name}.png` })
  if (before) await page.setViewportSize(before)
}
