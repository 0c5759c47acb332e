import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams } from 'react-router'
import { disksQuery, poolsQuery } from '../../api/storage.ts'
import { ReplaceDialog } from './replace-dialog.tsx'

/** `/storage/POOL/replace/SERIAL`, where trouble cards lead: opens the replacement over the page. */
export function ReplaceFromAddress() {
  const { pool: poolName, disk: serial } = useParams()
  const navigate = useNavigate()
  const pools = useQuery(poolsQuery)
  const disks = useQuery(disksQuery)
  const pool = pools.data?.find(one => one.name === poolName)
  const lost = pool?.disks.find(one => one.serial === serial)
  if (!pool || !lost || !disks.data) return null
  return (
    <ReplaceDialog pool={pool} lost={lost} disks={disks.data} onClose={() => void navigate('/storage')} />
  )
}
