import { sql } from 'kysely'
import type { Database, NamedMigration } from '../lib/database.ts'
import { type Choices, type Measurements, measurements } from './schema/index.ts'

interface TuningChoiceTable {
  setting: string
  value: string
  chosenAt: number
}

interface TuningUndoneTable {
  setting: string
  value: string
  reason: string
  undoneAt: number
}

/** What parts of Cairn have taken up. */
interface TuningTakenTable {
  setting: string
  value: string
  /** How it was before; null: not known. */
  found: string | null
  takenAt: number
}

interface TuningMeasurementTable {
  takenAt: number
  machine: string
  /** JSON. */
  figures: string
}

/** One row at most: whether somebody has said that the plan is, or is not, applied by itself. */
interface TuningAutomaticTable {
  id: number
  isOn: number
  switchedAt: number
}

/** What somebody has put back to what was found, and not applied since. */
interface TuningPutBackTable {
  setting: string
  putBackAt: number
}

/** One row at most: somebody has cancelled applying, on this hardware. */
interface TuningCancelledTable {
  id: number
  hardware: string
  cancelledAt: number
}

declare module '../lib/database.ts' {
  interface Tables {
    tuningAutomatic: TuningAutomaticTable
    tuningCancelled: TuningCancelledTable
    tuningChoice: TuningChoiceTable
    tuningMeasurement: TuningMeasurementTable
    tuningPutBack: TuningPutBackTable
    tuningTaken: TuningTakenTable
    tuningUndone: TuningUndoneTable
  }
}

export const tuningMigrations: NamedMigration[] = [
  {
    name: 'tuning/001-choice',
    async up(database) {
      await sql`create table tuningChoice (
        setting text primary key, value text not null, chosenAt integer not null) strict`.execute(database)
      await sql`create table tuningMeasurement (
        takenAt integer primary key, machine text not null, figures text not null) strict`.execute(database)
      await sql`create table tuningUndone (
        setting text primary key, value text not null, reason text not null,
        undoneAt integer not null) strict`.execute(database)
    },
  },
  {
    name: 'tuning/002-taken',
    async up(database) {
      await sql`create table tuningTaken (
        setting text primary key, value text not null, found text, takenAt integer not null) strict`.execute(
        database,
      )
    },
  },
  {
    name: 'tuning/003-automatic',
    async up(database) {
      await sql`create table tuningAutomatic (
        id integer primary key check (id = 1), isOn integer not null, switchedAt integer not null) strict`.execute(
        database,
      )
      await sql`create table tuningPutBack (
        setting text primary key, putBackAt integer not null) strict`.execute(database)
      await sql`create table tuningCancelled (
        id integer primary key check (id = 1), hardware text not null, cancelledAt integer not null) strict`.execute(
        database,
      )
    },
  },
]

export type UndoneSetting = TuningUndoneTable
export type TakenSetting = TuningTakenTable

const keptMeasurements = 20
/** Of a table with one row. */
const only = 1

export function createTuningStore(database: Database) {
  return {
    async choices(): Promise<Choices> {
      const rows = await database.selectFrom('tuningChoice').selectAll().orderBy('setting').execute()
      return Object.fromEntries(rows.map(row => [row.setting, row.value]))
    },
    async choose(setting: string, value: string, chosenAt: number): Promise<void> {
      await database
        .insertInto('tuningChoice')
        .values({ setting, value, chosenAt })
        .onConflict(conflict => conflict.column('setting').doUpdateSet({ value, chosenAt }))
        .execute()
    },
    async unchoose(setting: string): Promise<void> {
      await database.deleteFrom('tuningChoice').where('setting', '=', setting).execute()
    },
    /** Settings that did not hold, with what they were set to. */
    async undone(): Promise<UndoneSetting[]> {
      return database.selectFrom('tuningUndone').selectAll().orderBy('setting').execute()
    },
    async noteUndone(rows: readonly UndoneSetting[]): Promise<void> {
      await database
        .insertInto('tuningUndone')
        .values([...rows])
        .onConflict(conflict =>
          conflict.column('setting').doUpdateSet(to => ({
            value: to.ref('excluded.value'),
            reason: to.ref('excluded.reason'),
            undoneAt: to.ref('excluded.undoneAt'),
          })),
        )
        .execute()
    },
    async forgetUndone(settings: readonly string[]): Promise<void> {
      await database
        .deleteFrom('tuningUndone')
        .where('setting', 'in', [...settings])
        .execute()
    },
    /** As if nothing had been noted of these settings but these rows. */
    async noteInstead(settings: readonly string[], rows: readonly UndoneSetting[]): Promise<void> {
      await database.transaction().execute(async transaction => {
        await transaction
          .deleteFrom('tuningUndone')
          .where('setting', 'in', [...settings])
          .execute()
        if (rows.length > 0)
          await transaction
            .insertInto('tuningUndone')
            .values([...rows])
            .execute()
      })
    },
    /** What somebody said; undefined: nobody has. */
    async isAutomatic(): Promise<boolean | undefined> {
      const row = await database.selectFrom('tuningAutomatic').select('isOn').executeTakeFirst()
      return row && row.isOn === 1
    },
    /** Who switches it on wants it to begin, whatever was cancelled before. */
    async switchAutomatic(isOn: boolean, switchedAt: number): Promise<void> {
      const row = { isOn: Number(isOn), switchedAt }
      await database.transaction().execute(async transaction => {
        await transaction
          .insertInto('tuningAutomatic')
          .values({ id: only, ...row })
          .onConflict(conflict => conflict.column('id').doUpdateSet(row))
          .execute()
        if (isOn) await transaction.deleteFrom('tuningCancelled').execute()
      })
    },
    async putBack(): Promise<string[]> {
      const rows = await database.selectFrom('tuningPutBack').select('setting').orderBy('setting').execute()
      return rows.map(({ setting }) => setting)
    },
    async notePutBack(settings: readonly string[], putBackAt: number): Promise<void> {
      if (settings.length === 0) return
      await database
        .insertInto('tuningPutBack')
        .values(settings.map(setting => ({ setting, putBackAt })))
        .onConflict(conflict => conflict.column('setting').doUpdateSet({ putBackAt }))
        .execute()
    },
    async forgetPutBack(settings: readonly string[]): Promise<void> {
      await database
        .deleteFrom('tuningPutBack')
        .where('setting', 'in', [...settings])
        .execute()
    },
    /** The hardware on which somebody cancelled applying. */
    async cancelledOn(): Promise<string | undefined> {
      const row = await database.selectFrom('tuningCancelled').select('hardware').executeTakeFirst()
      return row?.hardware
    },
    async noteCancelled(hardware: string, cancelledAt: number): Promise<void> {
      const row = { hardware, cancelledAt }
      await database
        .insertInto('tuningCancelled')
        .values({ id: only, ...row })
        .onConflict(conflict => conflict.column('id').doUpdateSet(row))
        .execute()
    },
    async forgetCancelled(): Promise<void> {
      await database.deleteFrom('tuningCancelled').execute()
    },
    async taken(): Promise<TakenSetting[]> {
      return database.selectFrom('tuningTaken').selectAll().orderBy('setting').execute()
    },
    /** These rows take the place of what was taken of these settings. */
    async take(settings: readonly string[], rows: readonly TakenSetting[]): Promise<void> {
      await database.transaction().execute(async transaction => {
        await transaction
          .deleteFrom('tuningTaken')
          .where('setting', 'in', [...settings])
          .execute()
        if (rows.length > 0)
          await transaction
            .insertInto('tuningTaken')
            .values([...rows])
            .execute()
      })
    },
    async keep(figures: Measurements): Promise<void> {
      const row = {
        takenAt: Date.parse(figures.takenAt),
        machine: figures.machine,
        figures: JSON.stringify(figures),
      }
      await database
        .insertInto('tuningMeasurement')
        .values(row)
        .onConflict(conflict => conflict.column('takenAt').doUpdateSet(row))
        .execute()
      await database
        .deleteFrom('tuningMeasurement')
        .where('takenAt', 'not in', query =>
          query
            .selectFrom('tuningMeasurement')
            .select('takenAt')
            .orderBy('takenAt', 'desc')
            .limit(keptMeasurements),
        )
        .execute()
    },
    /** The newest. Figures of an older version that measured something else count as none. */
    async latest(): Promise<Measurements | null> {
      const row = await database
        .selectFrom('tuningMeasurement')
        .select('figures')
        .orderBy('takenAt', 'desc')
        .executeTakeFirst()
      return row === undefined ? null : (measurements.safeParse(JSON.parse(row.figures)).data ?? null)
    },
  }
}

export type TuningStore = ReturnType<typeof createTuningStore>
