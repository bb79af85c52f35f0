import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { SettingsModule } from './settings.module.js';

let warned: string[];

beforeEach(() => {
  warned = [];
  jest.spyOn(Logger.prototype, 'warn').mockImplementation((text: unknown) => void warned.push(String(text)));
});

afterEach(() => {
  jest.restoreAllMocks();
  delete process.env.MINT_CONCURENCY;
});

async function start(): Promise<void> {
  const app = await NestFactory.createApplicationContext(await SettingsModule.with({}), { logger: false });
  await app.close();
}

describe('SettingsModule', () => {
  it('warns at startup about a misspelled variable, without its value', async () => {
    process.env.MINT_CONCURENCY = 'hush';
    await start();
    expect(warned).toEqual(['unknown environment variable MINT_CONCURENCY is ignored; did you mean MINT_CONCURRENCY?']);
  });

  it('warns about nothing else in the environment', async () => {
    await start();
    expect(warned).toEqual([]);
  });
});
