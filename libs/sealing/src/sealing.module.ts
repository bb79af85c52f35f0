import { ConfigService, keyRing, readSecretFile, type SettingsService } from '@app/config';
import { StartupError } from '@app/kernel';
import { Inject, Injectable, Logger, Module, type OnModuleDestroy } from '@nestjs/common';
import { KeyRing } from './key-ring.js';

const CHECK_FILE_EVERY_MS = 1000;

/**
 * The key ring of this process, from `TOKEN_ENCRYPTION_KEYS`. If it came from a file, it is reread when the file
 * changes, so that a rotation needs no restart. A ring that is not valid changes nothing.
 */
@Injectable()
export class Sealing extends KeyRing implements OnModuleDestroy {
  private readonly log = new Logger(Sealing.name);
  private readonly timer: NodeJS.Timeout | undefined;
  /** The content of the file when it was looked at last. */
  private seen: string | null | undefined;

  constructor(@Inject(ConfigService) config: SettingsService<'sealing'>) {
    const { keys, keysFile } = config.get('sealing', { infer: true });
    super(keys);
    if (keysFile === undefined) return;
    this.seen = readSecretFile(keysFile);
    this.timer = setInterval(() => {
      this.reread(keysFile);
    }, CHECK_FILE_EVERY_MS).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  private reread(file: string): void {
    const text = readSecretFile(file);
    if (text === this.seen) return;
    this.seen = text;
    try {
      this.replace(parse(text));
      this.log.warn(`key ring reloaded from its file: ${this.sealingKeyId} seals, ${this.keyIds.join(', ')} open`);
    } catch (error) {
      const reason = error instanceof StartupError ? error.message : 'unexpected error';
      this.log.error(`key ring not reloaded from its file: ${reason}. The previous ring stays in use`);
    }
  }
}

function parse(text: string | null) {
  if (text === null) throw new StartupError('the file cannot be read');
  const parsed = keyRing.safeParse(text);
  if (!parsed.success)
    throw new StartupError(`TOKEN_ENCRYPTION_KEYS ${parsed.error.issues[0]?.message ?? 'is not valid'}`);
  return parsed.data;
}

@Module({ providers: [Sealing], exports: [Sealing] })
export class SealingModule {}
