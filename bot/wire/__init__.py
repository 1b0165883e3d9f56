"""What leaves by a protocol of its own: letters, signed webhooks, texts and calls, all within time."""
