import { EntitiesModule } from '@app/entities';
import { Module } from '@nestjs/common';
import { AdmissionModule } from '../admission/admission.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { TokensModule } from '../tokens/tokens.module.js';
import { ChatTokenPresenter } from './chat-token.presenter.js';
import { ChatTokensController } from './chat-tokens.controller.js';
import { ChatTokensService } from './chat-tokens.service.js';

/** Tokens of the public chat, one for each user. */
@Module({
  imports: [EntitiesModule, AdmissionModule, TokensModule, SessionsModule],
  controllers: [ChatTokensController],
  providers: [ChatTokensService, ChatTokenPresenter],
})
export class ChatModule {}
