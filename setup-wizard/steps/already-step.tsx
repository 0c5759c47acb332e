import { Button, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { StepPanel } from '../step-panel.tsx'

export function AlreadyStep() {
  const { t } = useTranslation()
  return (
    <StepPanel title={t('setup.already.title')}>
      <Text>{t('setup.already.text')}</Text>
      <Button component="a" href="/" style={{ alignSelf: 'flex-start' }}>
        {t('setup.already.action')}
      </Button>
    </StepPanel>
  )
}
