import type { IncomingMessage, ServerResponse } from 'node:http'
import express from 'express'
import { createAgentClient } from './agent/client.ts'
import type { Config } from './config.ts'
