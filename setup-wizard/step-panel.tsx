import { Button, Group, Stack, Text, Title } from '@mantine/core'
import { type FormEvent, type ReactNode, useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { type StepName, steps } from './draft.ts'
import classes from './page.module.css'

interface Props {
  /** Its place among the steps; those before and after them have none. */
  step?: StepName
  title: string
  lead?: string
  action?: string
  isReady?: boolean
  isBusy?: boolean
  isDangerous?: boolean
  onNext?: () => void
  onBack?: (() => void) | undefined
  /** Another way on, beside the main button. */
  aside?: ReactNode
  children: ReactNode
}

/** One step: what it is about, its fields, and the way on and back. */
export function StepPanel(props: Props) {
  const { t } = useTranslation()
  const {
    step,
    title,
    lead,
    action,
    isReady = true,
    isBusy = false,
    isDangerous = false,
    onNext,
    onBack,
    aside,
    children,
  } = props
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus(), [])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (isReady && !isBusy) onNext?.()
  }
  return (
    <>
      {step && <StepList current={step} />}
      <form onSubmit={submit} className={classes.panel}>
        <Stack gap={24}>
          <div>
            <Title order={1} size="h2" ref={heading} tabIndex={-1} style={{ outline: 'none' }}>
              {title}
            </Title>
            {lead && (
              <Text c="dimmed" className="prose" mt={4}>
                {lead}
              </Text>
            )}
          </div>
          {children}
          {(onNext || onBack) && (
            <Group justify="space-between" gap={8}>
              {onBack ? (
                <Button variant="default" onClick={onBack}>
                  {t('setup.back')}
                </Button>
              ) : (
                <span />
              )}
              <Group gap={8}>
                {aside}
                {onNext && (
                  <Button
                    type="submit"
                    disabled={!isReady}
                    loading={isBusy}
                    color={isDangerous ? 'red' : 'moss'}
                  >
                    {action ?? t('setup.next')}
                  </Button>
                )}
              </Group>
            </Group>
          )}
        </Stack>
      </form>
    </>
  )
}

function StepList({ current }: { current: StepName }) {
  const { t } = useTranslation()
  const at = steps.indexOf(current)
  return (
    <ol className={classes.steps} aria-label={t('setup.steps')}>
      {steps.map((step, index) => (
        <li key={step} data-done={index < at || undefined} aria-current={index === at ? 'step' : undefined}>
          {t(`setup.step.${step}`)}
        </li>
      ))}
    </ol>
  )
}
