import type { SettingsService } from '@app/config';
import { Processor } from '@nestjs/bullmq';
import { MINT_TOKENS, mintTokensPayload } from './mint-tokens.job.js';
import type { MintTokensQueue } from './mint-tokens.queue.js';
import { ProcessorBase } from './processor-base.js';

/** Marks the processor of the queue. */
export const MintTokensProcessor = (): ClassDecorator => Processor(MINT_TOKENS, { autorun: false });

/** The consumer side of the queue. */
export abstract class MintTokensProcessorBase extends ProcessorBase {
  constructor(config: SettingsService<'mint'>, queue: MintTokensQueue) {
    const concurrency = () => config.get('mint', { infer: true }).concurrency;
    const id = mintTokensPayload.transform(({ sessionId }) => sessionId);
    super({ name: MINT_TOKENS, id, concurrency, queue, traced: true });
  }
}
